"""What is done, in the words of a heading or a sentence: a verb with what it acts on."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from itertools import pairwise

__all__ = ["action_in", "is_deed", "is_verb", "says_action", "says_purpose"]

MOST_WORDS = 12
"""Words of what is done; a longer clause ends at a word that begins another one."""
_VERBS = frozenset((
    "abort", "accept", "access", "activate", "adapt", "add", "adjust", "aggregate", "align", "allow", "analyze",
    "annotate", "append", "apply", "assemble", "assert", "assign", "attach", "authenticate", "authorize",
    "avoid", "await", "batch", "benchmark", "bind", "block", "boot", "bootstrap", "break", "broadcast",
    "browse", "build", "bundle", "cache", "calculate", "cancel", "capture", "cast", "catch", "chain", "change",
    "check", "choose", "clean", "clear", "clone", "close", "collect", "combine", "compare", "compile",
    "compose", "compress", "compute", "concatenate", "configure", "connect", "construct", "consume", "control",
    "convert", "copy", "count", "create", "customize", "cut", "deactivate", "debug", "declare", "decode",
    "decorate", "decrypt", "define", "delegate", "delete", "demonstrate", "deploy", "describe", "deserialize",
    "destroy", "detect", "determine", "develop", "disable", "discard", "disconnect", "dispatch", "display",
    "document", "download", "draw", "drop", "dump", "duplicate", "edit", "embed", "emit", "enable", "encode",
    "encrypt", "end", "enforce", "ensure", "enter", "evaluate", "examine", "exclude", "expand", "explore",
    "export", "expose", "express", "extend", "extract", "fetch", "filter", "find", "fine-tune", "finish",
    "fire", "fix", "flush", "force", "fork", "format", "forward", "freeze", "generate", "group", "guard",
    "handle", "hash", "hide", "identify", "ignore", "implement", "include", "increase", "index", "infer",
    "inherit", "inject", "insert", "inspect", "install", "instrument", "integrate", "intercept", "invalidate",
    "isolate", "iterate", "join", "keep", "launch", "limit", "link", "lint", "list", "listen", "load", "lock",
    "log", "look", "make", "manage", "manipulate", "map", "mark", "match", "measure", "merge", "migrate", "mix",
    "mock", "modify", "monitor", "mount", "move", "multiply", "name", "navigate", "negotiate", "normalize",
    "notify", "observe", "open", "optimize", "order", "organize", "override", "overwrite", "pack", "package",
    "paginate", "parametrize", "parse", "partition", "patch", "pause", "perform", "pick", "pipe", "plot",
    "poll", "populate", "predict", "prepare", "preprocess", "present", "preserve", "prevent", "print",
    "process", "produce", "profile", "prompt", "protect", "provide", "prune", "publish", "pull", "purge",
    "push", "put", "quantize", "query", "raise", "read", "rebuild", "receive", "record", "redirect", "reduce",
    "refresh", "register", "release", "reload", "remove", "rename", "render", "repair", "repeat", "replace",
    "replay", "report", "represent", "request", "require", "rerun", "reset", "resize", "resolve", "respond",
    "restart", "restore", "restrict", "resume", "retrieve", "retry", "return", "reuse", "reverse", "revert",
    "rewrite", "rotate", "route", "sample", "sanitize", "save", "scale", "scan", "schedule", "scrape", "search",
    "secure", "select", "send", "separate", "serialize", "serve", "set", "shape", "share", "show", "shut", "sign",
    "simulate", "skip", "slice", "solve", "sort", "specify", "split", "stop", "store", "stream", "strip",
    "stub", "submit", "subscribe", "substitute", "summarize", "support", "suppress", "swap", "switch", "sync",
    "synchronize", "tag", "teach", "tell", "terminate", "test", "throttle", "throw", "toggle", "trace", "track",
    "train", "transfer", "transform", "translate", "traverse", "treat", "trigger", "trim", "truncate", "try",
    "tune", "turn", "unify", "uninstall", "unpack", "unwrap", "update", "upgrade", "upload", "validate",
    "verify", "version", "view", "visualize", "wait", "walk", "warn", "watch", "wrap", "write", "yield", "zip",
))  # fmt: skip
"""General verbs of what software does; where "how to" stands before a word it need not be one of them."""
_WEAK = frozenset((
    "begin", "call", "execute", "import", "invoke", "pass", "run", "start", "type", "use",
))  # fmt: skip
"""Verbs that say by what, not what: another one of the sentence comes first."""
_SAYS_NOTHING = frozenset((
    "a", "above", "all", "also", "an", "and", "any", "as", "assume", "at", "be", "below", "better", "both",
    "by", "consider", "do", "each", "every", "example", "examples", "following", "get", "go", "have", "here",
    "his", "how", "i", "if", "imagine", "in", "is", "it", "its", "know", "learn", "like", "look", "more",
    "most", "my", "need", "not", "note", "notice", "of", "on", "one", "or", "our", "own", "same", "say", "see",
    "so", "some", "such", "suppose", "take", "that", "the", "their", "them", "then", "there", "these", "they",
    "think", "this", "those", "understand", "us", "want", "we", "what", "which", "with", "you", "your",
))  # fmt: skip
_NO_GERUND = frozenset((
    "according", "anything", "bearing", "beginning", "being", "bring", "ceiling", "corresponding", "depending",
    "during", "everything", "existing", "following", "including", "interesting", "king", "meaning", "missing",
    "morning", "nothing", "regarding", "remaining", "ring", "sibling", "something", "spring", "sting", "string",
    "swing", "thing", "underlying", "warning", "wing",
))  # fmt: skip
_SETS_UP = frozenset(("add", "download", "get", "install", "uninstall", "update", "upgrade"))
"""Verbs that with the project's own name say nothing of what it does."""
_POINTS = frozenset(("check", "find", "follow", "read", "visit"))
_POINTS_BACK = frozenset(("by", "it", "me", "sure", "them", "us", "you"))
"""What is acted on is not told, or it is the reader; "make sure" says that something else is done."""
_MEANS_ANOTHER = re.compile(r"\b(?:such(?! as)|this|these|those)\b", re.IGNORECASE)
"""What stands in a clause whose words are told before it."""
_WRITES = frozenset(("add", "create", "edit", "make", "open", "save", "start", "update", "write"))
_NAMED_FILE = re.compile(
    r"\w+\s(?:(?:an?|the|your|new|another|empty|following|simple)\s){0,3}"
    r"(?:(?:file|module|script)\b|`?[\w/-]{0,80}\.[a-z]\w{0,5}\b`?(?!\())"
)
"""Where code is written to says not what it does: "create a new file `app.py`"."""
_CUT_AND = re.compile(r"\s(?:and|or)\s\S+\Z")
_ELSEWHERE = frozenset(("above", "below"))
"""A clause of these is understood only beside another one."""
_DOCUMENTS = frozenset(
    ("article", "chapter", "docs", "documentation", "guide", "page", "readme", "section", "tutorial")
)
"""What a sentence points to that says where more is told."""
_GENERAL = frozenset((
    "doing", "getting", "going", "introducing", "started", "starting", "usage", "using",
))  # fmt: skip
_PREPOSITIONS = frozenset((
    "at", "by", "for", "from", "in", "into", "on", "to", "with",
))  # fmt: skip
_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_CODE = re.compile(r"`+[^`]*`+")
_STOP = re.compile(
    r"[:;!?—–](?=\s|\Z)|[,.]\)?(?=\s|\Z)|[ ]\("
    r"|\s(?:(?:you|we|I) (?:can|need|have|must|should|may|will|could|use)|so that|because|which"
    r"|like (?:so|this|that)|as (?:follows|shown|below|in)|just as|e\.g\.|i\.e\.|"
    r"(?:by |with |using |via )+(?:the )?following|in the following)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"\s(?:by|when|if|where|that|while|before|after|and|but|using|with|for|without|via)\s")
_HANGING = re.compile(
    r"[\s,]{1,20}(?:and|or|but|nor|the|an?|of|to|than|as|its|their|your"
    r"|(?:(?:about|for|on) )?(?:how|what|when|which|why)(?: (?:long|many|much|often))?)\Z",
    re.IGNORECASE,
)
"""What a clause that was cut off cannot end in."""
_STATES = re.compile(r"\b(?:is|are|was|were|will|can|has)\b", re.IGNORECASE)
_DEPENDENT = re.compile(
    r"\b(?:if|when|whether|while|that|which|who|what|how|where|so|because|as)\b", re.IGNORECASE
)
"""Words that begin a clause with a verb of its own."""
_SIDE = r"(?:also|just|simply|easily|now|then|first|next|finally|instead|either|directly|only|quickly|always)"
_HOW = re.compile(
    r"(?:\bhow to |\ATo |\b(?:lets?|helps?) (?:you|us|users) |\blet['’]s |\b(?:want|wish|like|order|way|able) to )\Z",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    rf"(?:\A(?:{_SIDE},? )?|\A(?:if|when|for|to|in|once|after|before) [^,]*, (?:{_SIDE} )?|: | [—–-] "
    rf"|\b(?:you|we|one) (?:can|could|may|might|must|should) (?:{_SIDE} )?|\bplease )\Z",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"(?:\bnot|n['’]t|\bnever|\bwithout|\bno (?:need|reason|way))(?: [\w-]+){0,2} \Z", re.IGNORECASE
)
_SHOWN = re.compile(r"(?:\b(?:by|of|for|when|shows|demonstrates|illustrates|example) )\Z", re.IGNORECASE)
_REASON = re.compile(
    r"\b(?:because|since|so (?:that|you|we|it)|in order (?:to|that)|(?:if|when|whenever) (?:you|we|your)|otherwise"
    r"|(?:allow|let|enable|help|ensure)s?|useful|handy|for \w+ing)\b"
    r"|\A(?:(?:and|or|also|finally|first|next|now|then|alternatively|for example),? )?"
    r"(?:if|when|to|for(?! (?:each|every|example|instance|now|this|these|the (?:latter|former))\b)) ",
    re.IGNORECASE,
)
"""A clause of what for, or in which case."""
_LONGEST = 400  # characters of a sentence that are looked at


def says_action(title: str, names: Container[str] = ()) -> bool:
    """Whether a heading says what is done.

    Args:
        title: As plain text.
        names: Words in small letters that say nothing beside a verb, as the project's own name.

    Example:
        >>> says_action("Merging adapters"), says_action("Retry a request"), says_action("Getting started")
        (True, True, False)
    """
    words = [word.lower() for word in _WORD.findall(title)]
    while words[:1] in (["how"], ["to"], ["you"], ["can"]):
        words = words[1:]
    acts = [at for at, word in enumerate(words) if _is_gerund(word) or (at == 0 and word in _VERBS | _WEAK)]
    told = {at for at, word in enumerate(words) if word not in _SAYS_NOTHING | _GENERAL and word not in names}
    return bool(acts) and bool(told - {acts[0]})


def is_deed(title: str, names: Container[str] = ()) -> bool:
    """Whether a heading says what people do, and more than what they use; what stands before a colon is only where.

    Args:
        title: As plain text.
        names: As for `says_action`.

    Example:
        >>> [is_deed(one) for one in ("Pots: Filling a pot", "Clay: Example", "Using a pot", "Self-cleaning pots")]
        [True, False, False, False]
        >>> is_deed("Using a pot to measure water")
        True
    """
    told = title.rpartition(": ")[2]
    words = [word.lower() for word in _WORD.findall(told)]
    while words[:1] in (["how"], ["to"]):
        words = words[1:]
    if words[:1] in (["use"], ["using"]):
        return any(word == "to" and verb in _VERBS for word, verb in pairwise(words))
    deeds = [word for word in words if _is_gerund(word) and word not in _GENERAL and _is_whole(word)]
    deeds += [word for word in words[:1] if is_verb(word)]
    return bool(deeds) and says_action(told, names)


def _is_whole(gerund: str) -> bool:
    """Whether it is no part of a compound that only describes: "self-cleaning" does, "fine-tuning" does not."""
    stem = gerund.removesuffix("ing")
    return "-" not in gerund or stem in _VERBS or f"{stem}e" in _VERBS


def action_in(sentence: str, names: Container[str] = ()) -> str:
    """The words of a sentence that say what is done; "" where none do.

    Args:
        sentence: As plain text, code in its marks.
        names: As for `says_action`.

    Example:
        >>> action_in("For example, to retry a failed request, use `retry()`:")
        'retry a failed request'
        >>> action_in("Here is how to read a file like this:"), action_in("It looks so:")
        ('read a file', '')
    """
    text = " ".join(sentence[:_LONGEST].split())
    plain = _CODE.sub(lambda found: "`" * len(found[0]), text)  # code ends no clause
    found = [(rank, at, end) for rank, at in _beginnings(plain) if (end := _end(plain[at:], names))]
    if not found:
        return ""
    _, at, end = min(found)
    clause = text[at : at + end].strip(" ,")
    return "" if _names_place(clause) else clause


def _names_place(clause: str) -> bool:
    return clause.partition(" ")[0].lower() in _WRITES and bool(_NAMED_FILE.match(clause))


def is_verb(word: str) -> bool:
    """Whether a word in small letters is a verb that says what is done.

    Example:
        >>> is_verb("fire"), is_verb("param")
        (True, False)
    """
    return word in _VERBS or word in _WEAK


def says_purpose(sentence: str) -> bool:
    """Whether a sentence says what the code by it does, what for or in which case; no other tells why.

    Example:
        >>> says_purpose("Creating a pot"), says_purpose("If you have a pot:"), says_purpose("Only tested with pots")
        (True, True, False)
    """
    text = " ".join(sentence[:_LONGEST].split()).lstrip("-*. ")
    if _names_place(text):
        return False
    first = _WORD.match(text.lower())
    acts_first = first is not None and (_is_gerund(first[0]) or first[0] in _VERBS | _WEAK)
    return bool(_REASON.search(text) or action_in(text) or (acts_first and says_action(text)))


def _beginnings(text: str) -> Iterator[tuple[int, int]]:
    """Where a verb stands that may say what is done: its rank, the surest 0, and its place."""
    for found in _WORD.finditer(text):
        word, at = found[0].lower(), found.start()
        before = text[:at]
        if word in _SAYS_NOTHING or _DENIED.search(before[-60:]):
            continue
        if word in _WEAK and (_HOW.search(before) or _PLAIN.search(before)):
            yield 3, at
        elif _HOW.search(before) or (word in _VERBS and _PLAIN.search(before)):
            yield 0, at
        elif word in _VERBS and before.endswith(" to "):
            yield 1, at
        elif (_is_gerund(word) and _SHOWN.search(before)) or (
            not before and word.removesuffix("s") in _VERBS
        ):
            yield 2, at


def _end(text: str, names: Container[str]) -> int:
    """Where the clause at the head of a text ends; 0 where it is no clause, or nothing is acted on."""
    stop = _STOP.search(text)
    end = stop.start() if stop else len(text)
    if len(text[:end].split()) > MOST_WORDS:
        cuts = [found.start() for found in _CLAUSE.finditer(text[:end])]
        end = next((at for at in reversed(cuts) if 2 < len(text[:at].split()) <= MOST_WORDS), 0)
        if cut := _CUT_AND.search(text[:end]):
            end = cut.start()
    while hanging := _HANGING.search(text[:end]):
        end = hanging.start()
    clause = text[:end]
    states = _STATES.search(clause)
    if states and not _DEPENDENT.search(clause[: states.start()]):
        return 0
    verb, *rest = [word.lower() for word in _WORD.findall(clause)] or [""]
    if (verb in _SETS_UP and rest[:1] and rest[0] in names) or (verb in _POINTS and _DOCUMENTS & set(rest)):
        return 0
    if _MEANS_ANOTHER.search(clause) or clause.count("(") != clause.count(")"):
        return 0
    if _POINTS_BACK & {*rest[:1]} or _ELSEWHERE & set(rest) or _is_subject(rest):
        return 0
    told = (
        word for word in rest if word not in _SAYS_NOTHING | _GENERAL | _PREPOSITIONS and word not in names
    )
    return end if "`" in clause or any(told) else 0


def _is_subject(following: list[str]) -> bool:
    """Whether a word is the name of what acts: "`parse` returns the tree"."""
    acts, *acted_on = following[:2] or [""]
    return acts.endswith("s") and acts[:-1] in _VERBS and acted_on in (["the"], ["a"], ["an"])


def _is_gerund(word: str) -> bool:
    return len(word) > 4 and word.endswith("ing") and word not in _NO_GERUND
