"""What a sentence does for its reader: says what to do, what it is good for, or what it costs.

Rules, not a model: each row of `SIGNALS` is a class of words with what it counts for. The words are those of
technical English, none is of a repository.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from codebase_gardener.documents.sentences import sentences, takes_back
from codebase_gardener.utils.memo import remembered

__all__ = [
    "ACTION",
    "COST",
    "SIGNALS",
    "VALUE",
    "Signal",
    "clauses",
    "advising",
    "concentrated",
    "insight",
    "points_back",
    "reasons",
    "signals",
    "strength",
]

ACTION, VALUE, COST = "action", "value", "cost"
MAX_TEXT = 4000
"""Characters of a text that are looked at."""

_VERBS = (
    "use|set|avoid|prefer|pass|call|consider|try|ensure|keep|enable|disable|increase|decrease|reduce|lower|upgrade|"
    "install|do not|don't|never|always|remember to|be careful|be aware|beware|make sure|"
    "please (?!note\\b|see\\b|refer\\b|read\\b|check\\b)|specify|create|turn on|"
    "check|define|import|add|remove|wrap|override|return|run|read|write|store|load|instead,? use|close|register|"
    "configure|update|leave|only use|select|switch|initialize|save|combine|convert"
)


@dataclass(frozen=True)
class Signal:
    """A class of words.

    Attributes:
        part: What a clause with it says: `ACTION`, `VALUE` or `COST`.
        weight: How much it makes a text worth a page.
        words: A pattern of them, in small letters.
    """

    part: str
    weight: float
    words: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Compiled when it is looked for: a build that meets no new text needs none of them."""
        return re.compile(self.words)


def _words(pattern: str) -> str:
    return rf"\b(?:{pattern})\b(?!-)"


SIGNALS: dict[str, Signal] = {
    "recommendation": Signal(ACTION, 3, _words(
        r"recommend(?:ed|s|ation)?|we (?:\w+ly )?(?:suggest|advise|(?:en|dis)courage)|"
        r"(?:is|are) (?:advised|suggested|encouraged|discouraged)|"
        r"rule of thumb|good (?:default|practice|idea|starting point|choice)|bad idea|preferred|"
        r"it(?:'s| is) (?:probably |most likely |usually |generally )?(?:better|best|safer|safest) to|best to|"
        r"(?:typically|usually|generally),? (?:this )?(?:should|use|a value|values)|works? best|"
        r"you (?:probably|most likely|usually|generally)(?: also| not| rather)? want to|not intended (?:for|to)|"
        r"(?<!that )(?<!which )(?:should|must) (?:never|always|generally|typically|usually|only)|"
        r"common (?:values|choices?)|sensible default to")),
    "suggestion": Signal(ACTION, 1, _words(
        r"you (?:may|might|can)(?: also| not| rather| then)? (?:want|wish|prefer) to|it(?:'s| is) possible to|"
        r"(?:try|give it a try)")),
    "duty": Signal(ACTION, 2, _words(
        r"(?<!that )(?<!which )should(?:n't)?(?! (?:now |already |also )?(?:give you|look|"
        r"be (?:correct|fine|ok|okay|enough|obvious|clear)\b))|"
        r"(?<!that )(?<!which )must(?:n't)?|(?:we|you|users?|callers?|this|they|code|model|data|one)(?:'ll| will)? "
        r"(?:only |also )?"
        r"(?:needs? to|ha(?:s|ve) to)|make sure|ensure that|be sure|be careful|be aware|"
        r"never (?:pass|use|call|store|put|share|rely|set|import|trust|run|expose|commit|log|be|instantiate)|"
        r"beware|take care|(?<!to )(?:avoid|prefer|consider)|required to|requires (?:setting|passing|`\w+)|"
        r"do(?:n't| not) (?:use|call|"
        r"rely|set|pass|mix|forget|put|store|do|import|share|run|expose|worry)")),
    "imperative": Signal(ACTION, 1, (
        rf"^(?:(?:note that|also|then|otherwise|instead|alternatively|finally|in (?:this|that) case|so|and|or|but|"
        rf"for (?:example|best results)),? )?(?:{_VERBS})\b")),
    "conditional-imperative": Signal(ACTION, 1.5, (
        rf"^(?:if|when|for|to|in order to|unless|while|with|during|before|after)\b[^.]{{3,160}}?,"
        rf" (?:then )?(?:please )?(?:{_VERBS})\b")),
    "set-to": Signal(ACTION, 1, _words(r"(?:set|setting|pass|passing|enable|enabling) (?:it |this |the )?[`'\"]?[\w.]+"
                                       r"[`'\"]?(?: \w+)? ?(?:=|to)|(?:when|if) set to|"
        r"(?:higher|lower|larger|smaller|bigger) values?")),
    "useful": Signal(VALUE, 1.5, _words(
        r"useful|helpful|helps?|benefits?|beneficial|handy|convenient|worth|advantages?|"
        r"(?:good|ideal|suitable|well suited|intended) (?:for|if|when)")),
    "better": Signal(VALUE, 1.5, _words(
        r"improv\w+|better|faster|speed(?:s|ing)?[ -]?ups?|speeds?|quicker|more (?:efficient|accurate|stable|robust|"
        r"reliable|secure)\w*|efficien\w+|stabili[sz]\w+|optimal(?:ly)?|optimi[sz]e[sd]?|"
        r"safe(?:r|ly)?|easier|simpler|enables?|performance|best")),
    "saves": Signal(VALUE, 2, _words(
        r"(?:sav|reduc|lower|minimi[sz]|decreas|limit)(?:e|es|ed|ing|s)? (?:\w+ ){0,3}?(?:memory|ram|time|"
        r"compute|computation|cost|costs|usage|latency|overhead|storage|space|consumption|footprint|risk|noise)|"
        r"memory[ -]efficien\w+|less (?:memory|time|compute)")),
    "prevents": Signal(VALUE, 1, _words(
        r"(?:to|will|can|helps?) (?:avoid|prevent)|prevent(?:s|ing)?|avoids|avoiding|protects? (?:against|from)|"
        r"so that|in order to")),
    "finding": Signal(VALUE, 2, _words(
        r"(?:proven|shown|known|found|observed|reported) to|empirically|in practice")),
    "price": Signal(COST, 2.5, _words(
        r"overheads?|at the (?:expense|cost|price) of|trade[- ]?offs?|trad(?:e|es|ing) \w+|slow(?:er|s|down|ly)?|"
        r"expensive|costly|more (?:memory|time|compute|resources)|(?:memory|cpu) (?:usage|use|"
        r"consumption|intensive|overhead|leaks?)|out of memory|oom|bottleneck|penalty|increases? (?:the )?(?:memory|"
        r"latency|time|cost|size|risk)|latency|downsides?|drawbacks?|disadvantages?")),
    "harm": Signal(COST, 2, _words(
        r"inaccura\w+|loss of (?:precision|accuracy|data|information)|"
        r"degrad\w+|diverge\w*|unstable|instabilit\w+|overfit\w*|nans?|corrupt\w*|deadlocks?|race conditions?|"
        r"(?:security|safety) (?:risk|hole|vulnerab\w+|issues?|implications?|concerns?)|vulnerab\w+|insecure|unsafe|"
        r"dangerous|malicious|untrusted|arbitrary code|data loss|los(?:e|es|ing|t)|leak(?:s|ed|ing)?|wrong|"
        r"incorrect\w*|unexpected(?:ly)?|surpris\w+|break(?:s|ing)?|fails?|crash(?:es)?|hang(?:s)?|"
        r"silently|(?:poor|bad|worse) \w+|"
        r"(?:caus(?:e|es|ed|ing)|leads? to|results? in|resulting in|throws?|rais(?:e|es)|gets?|avoid|prevent|run into|"
        r"known|produces?|numerical|import|obscure|cryptic|hard to (?:find|track down|debug)) (?:\w+ ){0,2}"
        r"(?:errors?|issues?|problems?|bugs?)|oom errors?|misleading|problematic")),
    "limit": Signal(COST, 1, _words(
        r"impossible|not (?:be )?(?:possible|supported|compatible|available|thread[- ]safe|work\w*|guaranteed|"
        r"recommended|allowed|deterministic|secure|safe)|only (?:works?|supported|supports?|available|applies|"
        r"possible|compatible|affects|"
        r"used)|incompatible|unsupported|cannot|can't|can not|won't|will not|does(?:n't| not) (?:work|support|apply)|"
        r"(?:is|are|be|was|were) (?:silently )?ignored|no effect|experimental|limited to|limitations?|caveats?")),
    "question": Signal(ACTION, -2, _words(
        r"(?:whether|controls?|determines?|decides?|checks?) (?:or not |if )?[^.,]{0,60}? (?:should|must)(?: be)?")),
    "example": Signal(ACTION, -2, _words(
        r"consider (?:the|this example|for example|a)|imagine|suppose|"
        r"let's|let us|the following (?:example|code)|as (?:shown|seen|described) (?:above|below|in)")),
    "pointer": Signal(ACTION, -3, _words(
        r"recommend(?:ed)?(?: that)?(?: you)? (?:to )?(?:read|look|review|tak|go|check)\w*|"
        r"recommend the (?:\w+ ){0,2}docu\w+|"
        r"(?:see|read|check|consult|refer to) (?:also|\w+ docs|the (?:docs|documentation|guide)|[^ ]{1,60} first)"
        r"|learn more")),
    "risk": Signal(COST, 1, _words(
        r"(?:may|might|could|can) (?:\w+ )?(?:lead|result|cause|get|fail|produce|become|introduce|not|break|be "
        r"(?:slow|slower|wrong|incorrect|lost|unstable|unexpected)|affect|take|differ|have|increase|behave|interfere)|"
        r"however|otherwise|unless|due to|because")),
}  # fmt: skip
"""Name of the signal: what it says and counts for. Source: the words that `wiki-format` names (recommended, default,
should, trade, slower, faster, memory) and what stands around them, as far as it brought a page of a repository that the
row was not written on (ADR 12)."""

_CLAUSE = re.compile(
    r"(?:,|;)\s+(?=(?:but|so|because|since|otherwise|however|as|which|while|although|whereas|and (?:may|can|should))\b)"
    r"|\s+(?=(?:at the (?:expense|cost|price) of|in order to|because|due to)\s)"
    r"|\s+(?=to (?:save (?:\w+ )?(?:memory|time|space|storage|compute)|reduce|speed|improve|avoid|"
    r"prevent|minimi[sz]e|stabili[sz]e)\b)"
    r"|;\s+|\s+--?\s+|\s+[–—]\s+",
    re.IGNORECASE,
)

_LEADS = re.compile(
    r"\W*(?:but|so|because|since|otherwise|however|as|which|while|although|whereas)\W*", re.IGNORECASE
)
_REASON = re.compile(
    r"(?:because|since|due to|otherwise|so that|the reason|as,? (?:otherwise|due to|because)|this is because)\b",
    re.IGNORECASE,
)
_CONSEQUENCE = re.compile(r"(?:that|this) way\b|this (?:will|can|allows|ensures|makes)\b", re.IGNORECASE)
"""How a sentence begins that says what comes of an advice."""
_POINTS_BACK = re.compile(
    r"(?:this|that|its|these|those|they|instead|otherwise|therefore|thus|hence|so|but|however|then"
    r"|it(?!(?:'s| is) (?:[\w-]+ ){0,3}?(?:recommended|advis\w+|possible|necessary|important|better|best|common"
    r"|worth|safe\w*|idea|practice)\b))"
    r"\b(?!-)",
    re.IGNORECASE,
)
_REQUEST = re.compile(
    r",\s+(?=(?:please )?(?:use|avoid|consider|prefer|set|call|make sure|install|upgrade)\b)"
)
_HISTORY = re.compile(
    r"\W*(?:originally|initially|previously|historically|formerly|in the past|at first|back (?:then|in the)\b"
    r"|we (?:originally |initially |first |previously |also )?"
    r"(?:had|chose|decided|used to|tried|went|didn.t|did not|were|was)\b"
    r"|(?:this|it) (?:was|used to be)\b)\b",
    re.IGNORECASE,
)
"""How a sentence begins that tells what was: it advises nothing."""
_OF_A_LIST = re.compile(r"\(?\d{1,2}[.)](?:\s|\Z)|[-*•+]\s(?![A-Z`])")
"""How a sentence begins that is one of a list, cut out of it; a point that begins with a capital stands alone."""
_LISTED = re.compile(r"(?:^|\s)\(?1[.)]\s.*\s\(?2[.)]\s", re.DOTALL)
_LEADS_ON = re.compile(
    r"\b(?:of|like|as|with|by|from|to|for|in|are|is|be|use[ds]?|and|or|follow(?:s|ing)|below|this|these|either)\s*:\Z",
    re.IGNORECASE,
)
"""The end of a sentence whose words go on in a list or in code."""
_ASIDE = re.compile(r"\(which [^()]*\)")
_CONDITION = re.compile(r"(?:if|when|unless|to|for|in|with|while)\b", re.IGNORECASE)


def clauses(sentence: str) -> list[str]:
    """A sentence cut before "but", "so", "because", "at the expense of", "to save" and the like, and before a request.

    A request that has a condition stays with it, and a word that only leads to a clause with that.
    """
    pieces, start = [], 0
    for found in _CLAUSE.finditer(sentence):
        if not _LEADS.fullmatch(sentence, start, found.start()):
            pieces.append(sentence[start : found.start()])
            start = found.end()
    pieces.append(sentence[start:])
    if not _CONDITION.match(sentence):
        pieces = [part for piece in pieces for part in _REQUEST.split(piece)]
    return [piece.strip() for piece in pieces if piece.strip(" ,;")]


@remembered
def signals(text: str) -> tuple[str, ...]:
    """Names of the signals in a text, in the table's order; "imperative" looks at how each sentence begins."""
    return _signals(text[:MAX_TEXT])


def strength(text: str) -> float:
    """How much advice is in a text: the weights of its signals; a bare sentence has 0."""
    return sum(SIGNALS[name].weight for name in signals(text))


def advising(text: str) -> list[str]:
    """The sentences that may advise: none that tells what was, is of a list or leads to one, or points back to such.

    Example:
        >>> advising("Originally, it was hot. Keep it cool. 1) Wait. 2) Eat. But it is slow.")
        ['Keep it cool.']
    """
    kept: list[str] = []
    is_kept = True
    for sentence in sentences(text):
        cut = _OF_A_LIST.match(sentence) or _LISTED.search(sentence[:MAX_TEXT]) or _LEADS_ON.search(sentence)
        stands = not (cut or _HISTORY.match(sentence))
        is_kept = stands and (is_kept or not points_back(sentence))
        if is_kept:
            kept.append(sentence)
    return kept


def concentrated(text: str) -> float:
    """The strength of the strongest sentence, and a part of the others': long texts gather words by chance."""
    each = sorted((strength(one) for one in advising(text)), reverse=True)
    return each[0] + 0.25 * min(4.0, sum(each[1:])) if each else 0.0


@remembered
def insight(text: str) -> dict[str, tuple[str, ...]]:
    """What the text says of each part, as whole sentences of it, verbatim; empty where it says nothing.

    A sentence stands where its advice is told, else where its strongest clause belongs: no words are both. One that
    points back ("This is because …") stands with the sentence before it.
    """
    told: list[tuple[str, str]] = []
    before, before_is_told = "", False
    stand_alone = set(advising(text))
    for sentence in sentences(text):
        parts = _parts(sentence) if sentence in stand_alone else {}
        goes_on = before_is_told and (takes_back(sentence) or (bool(parts) and points_back(sentence)))
        if goes_on:
            told[-1] = (ACTION if ACTION in parts else told[-1][0], f"{told[-1][1]} {sentence}")
        elif parts:
            part = ACTION if ACTION in parts else max(parts, key=lambda one: parts[one])
            is_led = before and not before.startswith(":") and points_back(sentence)
            whole = f"{before} {sentence}" if is_led else sentence
            told.append((part, whole))
        before, before_is_told = sentence, bool(parts) or goes_on
    return {
        part: tuple(dict.fromkeys(one for of, one in told if of == part)) for part in (ACTION, VALUE, COST)
    }


def _parts(sentence: str) -> dict[str, float]:
    """The parts that its clauses belong to; those of a reason count where no other does."""
    found = [(clause, part) for clause in clauses(sentence) if (part := _part(clause))]
    said = [(clause, part) for clause, part in found if not _REASON.match(clause)] or found
    return {part: strength(clause) for clause, part in said}


def points_back(sentence: str) -> bool:
    """Whether a sentence means something by what stands before it.

    Example:
        >>> points_back("It is slow."), points_back("Instead use a pot."), points_back("It is better to wait.")
        (True, True, False)
    """
    return bool(_POINTS_BACK.match(sentence))


def reasons(text: str) -> tuple[str, ...]:
    """The clauses that say why: "because …", "since …", "due to …", "otherwise …", "so that …", verbatim.

    Example:
        >>> reasons("Keep it small, since memory is short. It is fast.")
        ('since memory is short.',)
    """
    found = [clause for sentence in sentences(text) for clause in clauses(sentence) if _REASON.match(clause)]
    return tuple(dict.fromkeys(found))


def _part(clause: str) -> str:
    """The part of which a clause says most, "" for none; of equals the first of action, value, cost."""
    names = signals(_ASIDE.sub("", clause))
    if "saves" in names:  # "reduces the memory usage" names a price to say that it falls
        names = tuple(name for name in names if name != "price")
    weights = {ACTION: 0.0, VALUE: 0.0, COST: 0.0}
    for name in names:
        weights[SIGNALS[name].part] += SIGNALS[name].weight
    part, most = max(weights.items(), key=lambda pair: pair[1])
    if part == ACTION and _CONSEQUENCE.match(clause):
        part = VALUE
    return part if most > 0 else ""


def _signals(text: str) -> tuple[str, ...]:
    small = text.lower()  # much faster than patterns that ignore the case
    found = {name for name, row in SIGNALS.items() if row.pattern.search(small)}
    if not found >= {"imperative", "conditional-imperative"}:
        for sentence in sentences(text)[1:]:
            start = sentence[:300].lower()
            found |= {
                name
                for name in ("imperative", "conditional-imperative")
                if SIGNALS[name].pattern.match(start)
            }
    if text.endswith("?"):  # a question advises nothing; the answer does
        return ()
    return tuple(name for name in SIGNALS if name in found)
