"""What a name can mean while it is followed, and what calls give of things whose source is not here."""

from __future__ import annotations

import builtins
import sys

from codebase_gardener.languages.meanings import Entity

__all__ = [
    "BUILTINS",
    "BUILTIN_MEMBERS",
    "FLUENT",
    "NO_PACKAGES",
    "STANDARD_LIBRARY",
    "TEST_MACHINERY",
    "class_part",
    "external",
    "from_builtin",
    "from_outside",
    "is_loader",
    "says_nothing",
]

BUILTINS = frozenset(dir(builtins)) | {"__file__", "__path__", "reveal_type", "get_ipython", "display"}
"""Names that need no import."""

_TYPES = (str, bytes, bytearray, int, float, complex, bool, list, tuple, dict, set, frozenset, range, slice, object,
          type, Exception, property, memoryview)  # fmt: skip
_FILE = ("close", "fileno", "flush", "isatty", "read", "readable", "readline", "readlines", "seek", "seekable",
         "tell", "truncate", "writable", "write", "writelines")  # fmt: skip
BUILTIN_MEMBERS = frozenset(name for kind in _TYPES for name in dir(kind)) | set(_FILE)
"""Members of builtin types and files: by such a name alone nothing can be told."""

NO_PACKAGES = frozenset(sys.stdlib_module_names) | {"_typeshed"}
"""Modules that nobody installs: `_typeshed` is there for checkers of types alone."""

STANDARD_LIBRARY = NO_PACKAGES | {"typing_extensions", "__future__"}
TEST_MACHINERY = frozenset({"pytest", "_pytest", "unittest", "mock", "nose"})

FLUENT = frozenset(
    {"to", "eval", "train", "cuda", "cpu", "half", "float", "double", "bfloat16", "requires_grad_", "type"}
)
"""Methods of `torch.nn.Module` that return the module itself (its documentation: "Returns: self")."""

_LOADERS = ("from_", "load", "create", "build", "make", "open", "new", "parse", "connect")


_UNTYPED = frozenset(
    {"Any", "Callable", "Self", "TypeVar", "Generic", "Protocol", "object", "Never", "NoReturn"}
)


def external(dotted: str, how: str = "import") -> Entity:
    """Something from another package."""
    return Entity("external", "", dotted, how)


def class_part(dotted: str) -> str:
    """The dotted name up to its last part that is written like a class; "" if there is none.

    Example:
        >>> class_part("transformers.AutoModel.from_pretrained"), class_part("torch.randn")
        ('transformers.AutoModel', '')
    """
    parts = dotted.split(".")
    for at in range(len(parts) - 1, 0, -1):
        bare = parts[at].lstrip("_")
        if bare[:1].isupper() and not (bare.isupper() and len(bare) > 4):
            return ".".join(parts[: at + 1])
    return ""


def is_loader(name: str) -> bool:
    """Whether a method's name is that of an alternative constructor."""
    return name.startswith(_LOADERS)


def says_nothing(name: str) -> bool:
    """Whether an annotation from outside tells no type: `typing.Any`."""
    module, _, last = name.rpartition(".")
    return last in _UNTYPED and module in ("typing", "typing_extensions", "collections.abc", "builtins")


def from_outside(entity: Entity) -> tuple[Entity, ...]:
    """What a call of something from outside gives: of a class, or a fluent method of one, an instance.

    What a loader gives may be of any class: `AutoModel.from_pretrained` makes no `AutoModel`.
    """
    kind = class_part(entity.name)
    if kind == entity.name:
        return (Entity("external instance", "", kind, "type"),)
    if entity.owner is not None and entity.name.rpartition(".")[2] in FLUENT:
        return (Entity("instance" if entity.owner[0] else "external instance", *entity.owner, "type"),)
    return (Entity("external value", "", entity.name),)


def from_builtin(name: str) -> tuple[Entity, ...]:
    """What a call of something built in gives."""
    if isinstance(getattr(builtins, name, None), type):
        return (Entity("builtin", "", name),)
    return (Entity("builtin", "", "str"),) if name.startswith("str.") else ()
