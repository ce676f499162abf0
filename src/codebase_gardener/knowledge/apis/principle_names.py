"""Names of pages: an Implementation's after its API, a Principle's after what the API does, by rule."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.utils.identifiers import title_words

__all__ = ["NOUNS", "OF_AN_ELEMENT", "SUFFIXES", "page_names", "principle_words"]

NOUNS: dict[str, str] = {
    # verb of a function's or method's name: the noun of what it does
    "abort": "Aborting", "add": "Addition", "append": "Appending", "apply": "Application", "attach": "Attachment",
    "build": "Creation", "bind": "Binding", "check": "Checking", "clear": "Clearing", "clone": "Cloning",
    "close": "Closing", "collect": "Collection", "compile": "Compilation", "compute": "Computation",
    "concat": "Concatenation", "configure": "Configuration", "connect": "Connection", "convert": "Conversion",
    "copy": "Copying", "count": "Counting", "create": "Creation", "decode": "Decoding", "delete": "Deletion",
    "disable": "Disabling", "download": "Downloading", "dump": "Serialization", "enable": "Enabling",
    "encode": "Encoding", "ensure": "Assurance", "evaluate": "Evaluation", "execute": "Execution", "export": "Export",
    "extend": "Extension", "extract": "Extraction", "fetch": "Fetching", "fields": "Fields", "filter": "Filtering",
    "find": "Search", "fit": "Fitting", "forward": "Forward_Pass", "format": "Formatting", "freeze": "Freezing",
    "from": "Creation", "generate": "Generation", "get": "Retrieval", "handle": "Handling", "import": "Import",
    "infer": "Inference", "init": "Initialization", "initialize": "Initialization", "insert": "Insertion",
    "iter": "Iteration", "join": "Joining", "launch": "Launching", "list": "Listing", "load": "Loading",
    "log": "Logging", "make": "Creation", "mark": "Marking", "merge": "Merging", "move": "Moving",
    "normalize": "Normalization", "open": "Opening", "pack": "Packing", "parse": "Parsing", "post": "Posting",
    "predict": "Prediction", "prepare": "Preparation", "print": "Printing", "process": "Processing",
    "prune": "Pruning", "pull": "Pulling", "push": "Pushing", "put": "Putting", "quantize": "Quantization",
    "query": "Querying", "read": "Reading", "record": "Recording", "redirect": "Redirection",
    "register": "Registration", "release": "Release", "reload": "Reloading", "remove": "Removal",
    "rename": "Renaming", "render": "Rendering", "replace": "Replacement", "request": "Request", "reset": "Resetting",
    "resize": "Resizing", "resolve": "Resolution", "restore": "Restoration", "return": "Return", "route": "Routing",
    "run": "Execution", "sample": "Sampling", "save": "Saving", "scale": "Scaling", "search": "Search",
    "select": "Selection", "send": "Sending", "serialize": "Serialization", "set": "Setting", "setup": "Setup",
    "show": "Display", "shuffle": "Shuffling", "sort": "Sorting", "split": "Splitting", "start": "Start",
    "step": "Stepping", "stop": "Stop", "stream": "Streaming", "sync": "Synchronization", "test": "Testing",
    "trace": "Tracing", "train": "Training", "transform": "Transformation", "update": "Update", "upload": "Uploading",
    "use": "Use", "validate": "Validation", "verify": "Verification", "wait": "Waiting", "wrap": "Wrapping",
    "write": "Writing", "yield": "Yielding", "to": "Conversion", "accumulate": "Accumulation",
    "backward": "Backward_Pass", "broadcast": "Broadcasting", "calculate": "Calculation", "clip": "Clipping",
    "decompose": "Decomposition", "eval": "Evaluation", "expand": "Expansion", "gather": "Gathering",
    "match": "Matching", "pad": "Padding", "preprocess": "Preprocessing", "purge": "Purging", "raise": "Raising",
    "reconstruct": "Reconstruction", "reduce": "Reduction", "rescale": "Rescaling", "shift": "Shifting",
    "slice": "Slicing", "strip": "Stripping", "unwrap": "Unwrapping", "zero": "Zeroing",
}  # fmt: skip

SUFFIXES: dict[str, str] = {
    # last word of a class's name: what it stands for
    "Config": "Configuration", "Args": "Arguments", "Error": "Error_Signalling", "Exception": "Error_Signalling",
    "Trainer": "Training", "Loader": "Loading", "Parser": "Parsing", "Tokenizer": "Tokenization",
    "Scheduler": "Scheduling", "Handler": "Handling", "Builder": "Creation", "Factory": "Creation",
    "Runner": "Running", "Renderer": "Rendering", "Formatter": "Formatting", "Logger": "Logging",
    "Encoder": "Encoding", "Decoder": "Decoding", "Validator": "Validation", "Serializer": "Serialization",
    "Processor": "Processing", "Generator": "Generation", "Collator": "Collation", "Manager": "Management",
}  # fmt: skip

OF_AN_ELEMENT = frozenset((
    "add", "append", "attach", "delete", "emit", "exclude", "fetch", "find", "get", "handle", "include", "insert",
    "list", "log", "mount", "patch", "pop", "post", "print", "pull", "push", "put", "query", "read", "register",
    "remove", "request", "route", "search", "select", "send", "set", "use", "warn", "write",
))  # fmt: skip
"""Verbs of methods that act on something of their object or beside it: by `Cart.add` no cart is added."""

_PREPOSITIONS = frozenset(
    {"from", "to", "in", "into", "on", "of", "with", "by", "as", "at", "if", "for", "during"}
)


def page_names(
    targets: Sequence[tuple[Target, str]],
    spellings: Mapping[str, str] = MappingProxyType({}),
    main: Container[Target] = (),
) -> list[tuple[str, str]]:
    """Implementation and principle of each API, both unique (case aside).

    Args:
        targets: Each with its kind: "class", "method", "function", "maker" (a function that returns an object of
            one of the repository's classes), "external" or "command".
        spellings: How the repository's documents write a word, by its lower case: principles are named so.
        main: Those that the package's main entry point offers: of APIs whose names collide, the only one of them
            keeps the plain name.

    Example:
        >>> page_names([(Target("a.py", "LoraConfig"), "class"), (Target("b.py", "Model.save_all"), "method")])
        [('LoraConfig_init', 'Lora_Configuration'), ('Model_save_all', 'Model_All_Saving')]
    """
    pages = [_safe(_page(target, kind)) for target, kind in targets]
    principles = [
        _safe(
            "_".join(
                spellings.get(word.lower(), word) for word in principle_words(target.name, kind).split("_")
            )
        )
        for target, kind in targets
    ]
    where = [target for target, _ in targets]
    return list(zip(_unique(pages, where, main), _unique(principles, where, main), strict=True))


def principle_words(name: str, kind: str) -> str:
    """What an API does, as words joined by underscores.

    Example:
        >>> principle_words("prepare_model_for_kbit_training", "function"), principle_words("get_peft_model", "maker")
        ('Model_Preparation_For_Kbit_Training', 'Peft_Model_Creation')
        >>> principle_words("transformers.AutoModelForCausalLM.from_pretrained", "external")
        'Auto_Model_For_CausalLM_Loading'
    """
    parts = [part for part in re.split(r"[.\s]+", name) if part not in ("__init__", "__call__")]
    last = parts[-1] if parts else name
    if kind == "command":
        return "_".join([*_titled(word for part in parts for word in title_words(part)), "Command"])
    is_class = kind == "class" or (kind == "external" and last[:1].isupper())
    owner = parts[-2] if len(parts) > 1 and (kind == "method" or parts[-2][:1].isupper()) else ""
    if is_class:
        return "_".join(_class_words(title_words(last)))
    return "_".join(
        [
            *_titled(title_words(owner)),
            *_function_words(title_words(last), makes=kind == "maker", is_method=bool(owner)),
        ]
    )


def _page(target: Target, kind: str) -> str:
    parts = re.split(r"[.\s]+", target.name)
    if kind == "class":
        return f"{'_'.join(parts)}_init"
    if kind == "command":
        return f"{'_'.join(parts)}_command"
    if kind == "external":
        named = [i for i, part in enumerate(parts) if part[:1].isupper()]
        kept = parts[named[0] :] if named else parts[-1:] if len(parts) < 3 else parts[-2:]
        return "_".join(kept) + ("_init" if len(kept) == 1 and named else "")
    return "_".join(parts)


def _class_words(words: list[str]) -> list[str]:
    titled = _titled(words)
    noun = SUFFIXES.get(words[-1] if words else "")
    return [*titled[:-1], noun] if noun else titled


def _function_words(words: list[str], *, makes: bool = False, is_method: bool = False) -> list[str]:
    if len(words) > 1 and words[-1] == "pretrained":  # save_pretrained, from_pretrained
        words = ["load"] if words[0] == "from" else words[:1]
    verb = words[0].lower() if words else ""
    noun = "Creation" if makes and verb == "get" else NOUNS.get(verb)
    if verb in ("is", "has", "can", "should"):
        rest = ["availability" if word == "available" else word for word in words[1:]]
        return [*_titled(rest), "Check"]
    rest = words[1:]
    if noun is None or rest[:1] in (["and"], ["or"]):  # merge_and_unload, create_or_update
        return _titled(words)
    if not rest and is_method and verb in OF_AN_ELEMENT:
        return _titled(words)
    if verb == "from":  # what is made is told by its class alone
        return [*([noun] if is_method else []), *_titled(words)]
    if verb == "to":
        return [noun, *(["To", *_titled(rest)] if rest else [])]
    at = next((i for i, word in enumerate(rest) if word in _PREPOSITIONS), len(rest))
    return [*_titled(rest[:at]), noun, *_titled(rest[at:])]  # remove_hook_from_module


def _titled(words: Iterable[str]) -> list[str]:
    return [word[:1].upper() + word[1:] for word in words]


def _safe(name: str) -> str:
    return re.sub(r"_{2,}", "_", re.sub(r"[^A-Za-z0-9_-]", "_", name)).strip("_")[:100] or "unnamed"


def _unique(names: list[str], where: list[Target], main: Container[Target] = ()) -> list[str]:
    """Those that collide get the API's class before, or its own name as a suffix, parts of its module, or a number."""
    names = _with_owners(names, where)
    found = list(names)
    kept = _plain_ones(names, where, main)
    suffixes: list[Callable[[Target], str]] = [_own, *(partial(_module, depth=depth) for depth in (1, 2, 3))]
    for suffix in suffixes:
        groups: dict[str, list[int]] = defaultdict(list)
        for index, name in enumerate(found):
            groups[name.lower()].append(index)
        for group in groups.values():
            if len(group) == 1 or (suffix is _own and len({_own(where[index]) for index in group}) == 1):
                continue
            taken = {suffix(where[index]) for index in group if index in kept}
            for index in group:
                if index not in kept and suffix(where[index]) not in taken:
                    found[index] = _safe(f"{names[index]}_{suffix(where[index])}")
    seen: Counter[str] = Counter()
    for index, name in enumerate(found):
        seen[name.lower()] += 1
        if seen[name.lower()] > 1:
            found[index] = f"{name}_{seen[name.lower()]}"
    return found


def _with_owners(names: list[str], where: list[Target]) -> list[str]:
    """Of what is called the same, a method with the name of its class before."""
    owners: dict[tuple[str, str], set[str]] = defaultdict(set)
    for name, target in zip(names, where, strict=True):
        owners[name.lower(), _own(target)].add(_owner(target))
    return [
        _safe(f"{_owner(target)}_{name}") if len(owners[name.lower(), _own(target)]) > 1 else name
        for name, target in zip(names, where, strict=True)
    ]


def _plain_ones(names: list[str], where: list[Target], main: Container[Target]) -> set[int]:
    """Of each name that the same names in several modules share, the only one of the main entry point."""
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, name in enumerate(names):
        groups[name.lower(), where[index].name].append(index)
    offered = [[index for index in group if where[index] in main] for group in groups.values()]
    kept = {group[0] for group in offered if len(group) == 1}
    times = Counter(names[index].lower() for index in kept)
    return {index for index in kept if times[names[index].lower()] == 1}


def _own(target: Target) -> str:
    return f"by_{re.split(r'[. ]', target.name)[-1]}"


def _owner(target: Target) -> str:
    owner = "" if target.external else target.name.rpartition(".")[0]
    return "_".join(_titled(title_words(owner)))


def _module(target: Target, depth: int) -> str:
    if target.external:
        return f"of_{target.name.split('.')[0]}"
    parts = target.path.rpartition(".")[0].split("/")
    kept = [part for part in parts if part not in ("src", "lib", "__init__")] or ["module"]
    return f"of_{'_'.join(kept[-depth:])}"
