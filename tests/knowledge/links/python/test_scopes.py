"""Which definition an imported name means."""

import pytest

from codebase_gardener.knowledge.links.resolution import Resolution, resolve
from samples.written import facts_of

MODULE = "def f(): ...\n\n\nclass K:\n    def m(self): ...\n"
PACKAGE = {"src/pkg/__init__.py": "", "src/pkg/a.py": MODULE, "src/pkg/b.py": MODULE}


def resolved(files: dict[str, str]) -> Resolution:
    return resolve(facts_of(files))


def called(
    files: dict[str, str], imports: str, use: str = "f()", path: str = "src/pkg/use.py"
) -> list[tuple[str, str]]:
    """What a statement means: the same at the top of a module, within its functions, and after local imports."""
    local = "\n".join(f"    {line}" for line in imports.split("\n"))
    forms = (
        f"{imports}\ndef run():\n    {use}\n",
        f"def run():\n{local}\n    {use}\n",
        f"{imports}\n{use}\n",
    )
    found = []
    for text in forms[: 1 if "*" in imports else 3]:
        callers = resolved({**files, path: text}).callers
        found.append(
            sorted((t.path, t.name) for t, uses in callers.items() if any(u.path == path for u in uses))
        )
    assert found[1:] == found[:-1], found
    return found[0]


@pytest.mark.parametrize(
    ("imports", "use", "expected"),
    [
        ("from . import x", "x.f()", ("src/app/x.py", "f")),
        ("from . import x as y", "y.K().m()", ("src/app/x.py", "K.m")),
        ("from . import inner", "inner.z.f()", ("src/app/inner/z.py", "f")),
        ("from .inner import z", "z.f()", ("src/app/inner/z.py", "f")),
        ("from .inner.z import f", "f()", ("src/app/inner/z.py", "f")),
        ("from .inner import deep", "deep.w.f()", ("src/app/inner/deep/w.py", "f")),
    ],
)
@pytest.mark.parametrize("init", [{}, {"src/app/__init__.py": ""}])
def test_relative_imports_in_folders_without_init(
    init: dict[str, str], imports: str, use: str, expected: tuple[str, str]
) -> None:
    files = dict.fromkeys(("src/app/x.py", "src/app/inner/z.py", "src/app/inner/deep/w.py"), MODULE)
    assert expected in called({**init, **files}, imports, use, path="src/app/use.py")


def test_a_folder_above_without_init() -> None:
    files = {"src/app/x.py": MODULE, "src/app/inner/z.py": MODULE}
    assert called(files, "from .. import x", "x.f()", path="src/app/inner/use.py") == [("src/app/x.py", "f")]
    assert called(files, "from .. import inner", "inner.z.f()", path="src/app/inner/use.py") == [
        ("src/app/inner/z.py", "f")
    ]


ATTACHED = {
    "keywords": '''
        import lazy_loader as lazy
        __getattr__, __dir__, __all__ = lazy.attach(
            __name__, submodules={"sub"}, submod_attrs={"a": ["f"], "b": ["K"], "sub.deep": ["g"]}
        )
    ''',
    "positions": '''
        from lazy_loader import attach
        __getattr__, __dir__, _ = attach(__name__, ["sub"], {"a": ["f"], "b": ["K"], "sub.deep": ["g"]})
    ''',
    "names": '''
        import lazy_loader
        submodules = ["sub"]
        _attributes = {"a": ["f"], "b": ["K"], "sub.deep": ["g"]}
        (__getattr__, __dir__, __all__) = lazy_loader.attach(__name__, submodules, submod_attrs=_attributes)
    ''',
    "guarded": '''
        import typing
        import lazy_loader as _lazy
        if typing.TYPE_CHECKING:
            from .a import f
            from .b import K
            from . import sub
            from .sub.deep import g
        else:
            __getattr__, __dir__, __all__ = _lazy.attach(
                __name__, submodules=["sub"], submod_attrs={"a": ["f"], "b": ["K"], "sub.deep": ["g"]}
            )
    ''',
    "stub": '''
        import lazy_loader as lazy
        __getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
    ''',
    "imported stub": '''
        from lazy_loader import attach_stub
        __getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
    ''',
}  # fmt: skip
STUB = "from . import sub\nfrom .a import f\nfrom .b import K as K\nfrom .sub.deep import g\n"


@pytest.mark.parametrize("form", ATTACHED)
def test_names_that_a_lazy_loader_attaches(form: str) -> None:
    files = {
        **PACKAGE,
        "src/pkg/__init__.py": ATTACHED[form],
        "src/pkg/sub/__init__.py": "",
        "src/pkg/sub/h.py": MODULE,
    }
    files["src/pkg/sub/deep.py"] = "def g(): ...\n"
    if "stub" in form:
        files["src/pkg/__init__.pyi"] = STUB
    script = "import pkg\nfrom pkg import f, sub, g\n\ndef run():\n    f()\n    pkg.K().m()\n    sub.h.f()\n    g()\n"
    found = resolved({**files, "src/other/__init__.py": "", "src/other/use.py": script})
    uses = {
        (target.path, target.name)
        for target, uses in found.callers.items()
        for use in uses
        if use.path == "src/other/use.py"
    }
    assert uses == {
        ("src/pkg/a.py", "f"), ("src/pkg/b.py", "K"), ("src/pkg/b.py", "K.m"), ("src/pkg/sub/h.py", "f"),
        ("src/pkg/sub/deep.py", "g"),
    }  # fmt: skip
    assert {"pkg.f", "pkg.K", "pkg.g"} <= set(found.public)
    assert found.public["pkg.f"].path == "src/pkg/a.py"


@pytest.mark.parametrize(
    ("imports", "expected"),
    [
        ("from .a import f\nfrom .b import f", "src/pkg/b.py"),
        ("from .b import f\nfrom .a import f", "src/pkg/a.py"),
        ("from .a import f, f as other\nfrom .b import K as f, f", "src/pkg/b.py"),
        ("from .a import f\nfrom elsewhere import f", ""),
        ("from elsewhere import f\nfrom .a import f", "src/pkg/a.py"),
        ("from .a import *\nfrom .b import *", "src/pkg/b.py"),
        ("from .a import f\nfrom .b import *", "src/pkg/b.py"),
        ("from .a import *\nfrom .b import f", "src/pkg/b.py"),
        ("from .b import *\nfrom .empty import *", "src/pkg/b.py"),
    ],
)
def test_the_last_of_two_imports_counts(imports: str, expected: str) -> None:
    files = {**PACKAGE, "src/pkg/empty.py": "x = 1\n"}
    assert called(files, imports) == ([(expected, "f")] if expected else [("", "elsewhere.f")])


A, B = ("src/pkg/a.py", "f"), ("src/pkg/b.py", "f")


@pytest.mark.parametrize(
    ("imports", "expected"),
    [
        ("try:\n    from .a import f\nexcept ImportError:\n    from .b import f", A),
        ("try:\n    from .gone import f\nexcept ImportError:\n    from .b import f", B),
        ("try:\n    from elsewhere import f\nexcept ImportError:\n    from .b import f", B),
        ("try:\n    from .a import f\nexcept ImportError:\n    from elsewhere import f", A),
        ("try:\n    from .a import f\nexcept ImportError:\n    f = None", A),
        ("try:\n    from .a import f\nexcept ImportError:\n    f = object", A),
        ("try:\n    from .a import f\nexcept ImportError:\n    f = False", A),
        ("try:\n    from .a import f\nexcept ImportError:\n    def f(): ...", A),
        (
            "try:\n    from .a import f as made\nexcept ImportError:\n    from .b import f as made\nf = made",
            A,
        ),
        (
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .a import f\nelse:\n    f = object",
            A,
        ),
        (
            "import typing\nif typing.TYPE_CHECKING:\n    from .a import f\nelse:\n    from elsewhere import f",
            A,
        ),
        ("import sys\nif sys.version_info >= (3, 11):\n    from .a import f\nelse:\n    from .b import f", A),
        (
            "import sys\nif sys.version_info >= (3, 11):\n    from elsewhere import f\nelse:\n    from .b import f",
            B,
        ),
        ("def f(): ...\ntry:\n    from .a import f\nexcept ImportError:\n    pass", A),
        ("if x:\n    from .a import f\nfrom .b import f", B),
    ],
)
def test_both_sides_of_a_guarded_import(imports: str, expected: tuple[str, str]) -> None:
    assert expected in called(PACKAGE, imports)


def test_an_attribute_is_looked_for_on_both_sides() -> None:
    files = {**PACKAGE, "src/pkg/slow.py": "def late(): ...\n", "src/pkg/fast.py": "def soon(): ...\n"}
    imports = "try:\n    from . import fast as made\nexcept ImportError:\n    from . import slow as made"
    assert called(files, imports, "made.late()") == [("src/pkg/slow.py", "late")]
    assert called(files, imports, "made.soon()") == [("src/pkg/fast.py", "soon")]
