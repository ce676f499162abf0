"""Implementation and Principle pages of a small repository: every sentence holds, and nothing breaks a page."""

import re

import pytest

from codebase_gardener.knowledge.apis.catalog import api_catalog, api_for, tool_apis
from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.apis.implementations import implementation_page
from codebase_gardener.knowledge.apis.principles import principle_page
from codebase_gardener.knowledge.apis.subject import Api
from codebase_gardener.knowledge.apis.usage_examples import usage_examples
from codebase_gardener.knowledge.apis.words_beside import lead_in
from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.knowledge.pages.auditing import audit
from codebase_gardener.knowledge.pages.citations import dedented, read_citations, read_quotes
from codebase_gardener.knowledge.pages.implementation_layout import (
    RaisedError,
    read_code_reference,
    read_io_contract,
)
from codebase_gardener.knowledge.pages.reading import read_page
from codebase_gardener.knowledge.pages.rendering import render_pages
from codebase_gardener.knowledge.pages.structure import Page, Wiki
from codebase_gardener.utils.anchors import Anchor
from samples.written_context import context_of

LIBRARY = {
    "README.md": """
    # Lib

    Wrap a base model with `make_model` before you train it.

    ```python
    from lib import make_model

    model = make_model("base", size=3)
    model.save("out")
    ```
    """,
    "lib/__init__.py": "from .core import Model, make_model\n",
    "lib/core.py": '''
    """The heart of the library."""

    class Base:
        def save(self, path: str) -> None:
            """Save the weights (https://arxiv.org/abs/2106.09685).

            Args:
                path: Where.

            Raises:
                OSError: When the disk is full. .. seealso:: `load`
            """
            # first the weights are gathered
            gathered = gather(self)
            # then they are written
            write(gathered, path)

    class Model(Base):
        """A model. It holds weights.

        # Not a heading
        [[implemented_by::Implementation:evil]]
        """

        def __init__(self, base: str, size: int = 1) -> None:
            self.base = base

    def make_model(base: str, size: int = 1) -> Model:
        """Make a model from a base.

        Example:

        >>> make_model("x")
        """
        return Model(base, size)

    def gather(model):
        return model

    def write(what, path): ...
    ''',
    "tests/test_lib.py": """
    from lib import make_model

    def test_save(tmp_path):
        model = make_model("b")
        # it is saved
        model.save(tmp_path)
        assert tmp_path

    def test_size():
        make_model(base="c", size=2)
    """,
}  # fmt: skip


@pytest.fixture(scope="module")
def context() -> ApiContext:
    return context_of(LIBRARY)


@pytest.fixture(scope="module")
def apis(context: ApiContext) -> dict[str, Api]:
    needed = [Target("lib/core.py", name) for name in ("make_model", "Model", "Base.save", "write")]
    needed += [Target("", "torch.save"), Target("lib/core.py", "LIMIT")]
    return {api.page: api for api in api_catalog(context, needed)}


def page_of(name: str, context: ApiContext, apis: dict[str, Api]) -> Page:
    return implementation_page(apis[name], context, {api.target: api for api in apis.values()})


def principle_of(name: str, context: ApiContext, apis: dict[str, Api]) -> Page:
    return principle_page(apis[name], context, {api.target: api for api in apis.values()})


def test_a_function_s_page(context: ApiContext, apis: dict[str, Api]) -> None:
    page = page_of("make_model", context, apis)
    assert page.id == "Implementation:o_r_make_model"
    assert (
        page.overview
        == "`make_model`, in the words of its docstring (`lib/core.py:L29-34`): “Make a model from a base.”"
    )
    assert "`make_model` is a function, defined in `lib/core.py:L28-35` (8 lines)." in page.description
    assert "uses 1 other definition of the repository: [`Model`](o_r_Model_init.md)" in page.description
    assert ">>>" not in page.description
    assert "Used in 1 section of the README, 1 docstring example and 2 tests:" in page.usage
    reference = read_code_reference(page)
    assert reference
    assert reference.location == Anchor("lib/core.py", 28, 35)
    assert reference.signature == "def make_model(base: str, size: int = 1) -> Model:"
    assert reference.import_statement == "from lib import make_model"
    assert reference.call == "make_model(base)"
    contract = read_io_contract(page)
    assert contract
    assert [row.name for row in contract.inputs] == ["base", "size"]
    assert page.sources[0].symbol == "make_model"


def test_a_method_s_page(context: ApiContext, apis: dict[str, Api]) -> None:
    page = page_of("Base_save", context, apis)
    assert "`Base.save` is a method of class `Base`, defined in" in page.description
    assert "Its docstring says that it raises `OSError`: When the disk is full." in page.description
    assert "Its code uses 2 other definitions of the repository: `gather` and [`write`]" in page.description


def test_a_class_s_page(context: ApiContext, apis: dict[str, Api]) -> None:
    page = page_of("Model_init", context, apis)
    assert page.overview == "`Model`, in the words of its docstring (`lib/core.py:L19-23`): “A model.”"
    assert "It inherits from `Base`." in page.description
    assert "> \\# Not a heading" in page.description
    assert "[[implemented_by" not in page.description
    assert "The package's own code uses it 2 times in 1 file, by " in page.description
    reference = read_code_reference(page)
    assert reference
    assert reference.signature == "def __init__(self, base: str, size: int = 1) -> None:"


def test_without_a_docstring_the_overview_is_computed(context: ApiContext, apis: dict[str, Api]) -> None:
    page = page_of("write", context, apis)
    assert page.overview == "`write` is a function that takes `what`, `path`; it has no docstring."


def test_examples_are_quoted_best_first_and_differ(context: ApiContext, apis: dict[str, Api]) -> None:
    found = usage_examples(apis["make_model"].target, context)
    assert [example.passage.area for example in found] == ["readme", "docstring", "test"]
    assert found[0].text.startswith("from lib import make_model\n")
    assert found[2].text == 'make_model(base="c", size=2)'
    (saved,) = [e for e in usage_examples(apis["Base_save"].target, context) if e.passage.area == "test"]
    assert saved.text == 'model = make_model("b")\n# it is saved\nmodel.save(tmp_path)\nassert tmp_path'


def test_every_anchor_is_a_source_and_every_quote_equals_its_lines(
    context: ApiContext, apis: dict[str, Api]
) -> None:
    for name in apis:
        for page in (page_of(name, context, apis), principle_of(name, context, apis)):
            text = "\n\n".join(
                [page.overview, page.description, page.usage, *(section.body for section in page.sections)]
            )
            anchors = {source.anchor for source in page.sources}
            assert {citation.anchor for citation in read_citations(text)} <= anchors
            for quote in read_quotes(text):
                anchor = quote.anchor
                lines = context.repository.lines(anchor.path, anchor.start, anchor.end)
                assert quote.text == dedented(lines)


def test_the_verifier_finds_only_that_no_workflow_leads_there(
    context: ApiContext, apis: dict[str, Api]
) -> None:
    pages = [make(name, context, apis) for name in apis for make in (page_of, principle_of)]
    snapshot = context.repository.snapshot
    wiki = Wiki("o_r", "r", snapshot.revision, snapshot.date, tuple(sorted(pages, key=lambda page: page.id)))
    texts = render_pages(wiki)
    found = audit(texts, context.repository)
    assert {finding.check for finding in found.findings} <= {"unreachable"}
    assert {read_page(text).page for text in texts.values()} == set(pages)


def test_a_principle_tells_what_the_docs_and_comments_say(context: ApiContext, apis: dict[str, Api]) -> None:
    page = principle_of("make_model", context, apis)
    assert page.id == "Principle:o_r_Model_Creation"
    assert [(edge.kind, edge.target) for edge in page.edges] == [
        ("implemented_by", "Implementation:o_r_make_model")
    ]
    assert "> Wrap a base model with `make_model` before you train it." in page.description
    assert "(`README.md:L3-3`)" in page.description
    assert "The module `lib/core.py` says of itself: “The heart of the library.”" in page.description
    save = principle_of("Base_save", context, apis)
    basis = save.sections[0].body
    assert "https://arxiv.org/abs/2106.09685 at `lib/core.py:L5-5`" in basis
    assert re.search(r"first the weights are gathered .*\n.*then they are written", basis)
    assert "Its body uses `gather`, `write`." in basis
    assert "Before it in the same passages: Model Creation (in 2)" in save.usage


def test_a_principle_says_whose_words_it_quotes_and_quotes_only_what_names_its_api() -> None:
    guide = "# Guide\n\n## Start\n\nFirst install all that is needed.\n\n```python\nfrom p import Box, fold_all\n\n"
    guide += "Box().shut()\nfold_all()\n```\n\n## Use of fold_all\n\nThis is how it goes.\n\n"
    guide += "```python\nfold_all()\n```\n"
    code = 'class Box:\n    """Holds things."""\n\n    def shut(self):\n        return self\n\n\n'
    code += "def fold_all():\n    return 1\n"
    context = context_of({"docs/guide.md": guide, "p/__init__.py": code})
    needed = [Target("p/__init__.py", "Box.shut"), Target("p/__init__.py", "fold_all")]
    found = {api.page: api for api in api_catalog(context, needed)}
    shut = principle_of("Box_shut", context, found)
    assert (
        "belongs to `Box` (`p/__init__.py:L2-2`), which the authors describe as: “Holds things.”"
        in shut.overview
    )
    assert "In the section" not in shut.description
    fold = principle_of("fold_all", context, found).description
    assert "In the section “Use of fold_all”" in fold
    assert "“Start”" not in fold


def test_a_comment_above_a_definition_is_cited_by_its_own_lines() -> None:
    code = "/**\n * Fires pots.\n * All of them.\n */\n// eslint-disable-next-line\n"
    code += "export function fire(hot) {\n  return hot\n}\n"
    context = context_of({"package.json": '{"name": "kiln", "main": "kiln.js"}', "kiln.js": code})
    api = api_for(Target("kiln.js", "fire"), context, "a test")
    page = implementation_page(api, context, {})
    assert page.overview == "`fire`, in the words of its docstring (`kiln.js:L1-4`): “Fires pots.”"
    assert "Its docstring (`kiln.js:L1-4`) goes on:\n\n> All of them." in page.description
    reference = read_code_reference(page)
    assert reference
    assert (reference.location, reference.documented) == (Anchor("kiln.js", 6, 8), Anchor("kiln.js", 1, 4))
    assert "`kiln.js:L6-8`, documented at `kiln.js:L1-4`" in page.sections[0].body
    assert Anchor("kiln.js", 1, 4) in {source.anchor for source in page.sources}


def test_a_signature_is_whole_and_of_overloads_what_callers_see() -> None:
    source = """
        export function fire(
          pot: string,
          heat = 1,
        ) {
          return pot
        }
        export class Kiln {
          /** cools pots */
          cool(pot: string): string
          cool(pots: string[]): string[]
          cool(some: any) {
            return some
          }
        }
        """
    context = context_of({"package.json": '{"name": "kiln"}', "index.ts": source})
    found = {}
    for name in ("fire", "Kiln.cool"):
        api = api_for(Target("index.ts", name), context, "a test")
        found[name] = read_code_reference(implementation_page(api, context, {}))
    assert [(one.quoted, one.signature.split("\n")[-1]) for one in found.values() if one] == [
        (Anchor("index.ts", 1, 4), ") {"),
        (Anchor("index.ts", 9, 10), "cool(pots: string[]): string[]"),
    ]


def test_what_comes_from_outside(context: ApiContext, apis: dict[str, Api]) -> None:
    page = page_of("save", context, apis)
    assert page.kind == "Wrapper Doc"
    assert page.overview == "`torch.save` is an API of the package `torch`."
    reference = read_code_reference(page)
    assert reference
    assert (reference.location, reference.external) == (None, "torch")
    assert "It is a name in `lib/core.py` that is no function" in page_of("LIMIT", context, apis).description


def test_odd_sources_break_nothing() -> None:
    files = {
        "m/__init__.py": "from .a import *\n__all__ = ['f', 'C', 'two', 'o', 'N']\n",
        "m/a.py": (
            "from typing import overload\n@overload\ndef o(x: int) -> int: ...\n"
            "def o(x):\n\t'''Tabs.\n\n\t## Usage\n\t```\n\topen'''\n\treturn x\n"
            "class C(C):\n  '''Own base. `` ` [[step::Principle:x]]'''\n  class Inner:\n    def m(self): return 1\n"
            "if 1:\n  def two(): 'One.'\nelse:\n  def two(a): 'Two.'\n"
            "def f(a='|', *, b=\"`x`\", **k): 'x.py:L1-2 `m/a.py:L1-2`'; return {'a': '`'}\n"
            f"def big(a={'1' * 100_000}): 'Big.'\n"
            "class N:\n  'Nested.'\n  def __init__(self, x=(lambda: [\n1,\n2])): self.x = x\n"
        ),
        "README.md": "# A `m/a.py:L1-2`\n\n```python\nfrom m import f\nf(1)\n```\n",
        "broken.py": "def (:\n",
    }
    context = context_of(files)
    names = [Target("m/a.py", name) for name in ("f", "C", "two", "o", "N", "C.Inner.m", "big")]
    apis = {api.page: api for api in api_catalog(context, names)}
    pages = [make(name, context, apis) for name in apis for make in (page_of, principle_of)]
    snapshot = context.repository.snapshot
    wiki = Wiki("o_r", "r", snapshot.revision, snapshot.date, tuple(sorted(pages, key=lambda page: page.id)))
    found = audit(render_pages(wiki), context.repository)
    assert {finding.check for finding in found.findings} <= {"unreachable"}, found.findings


def test_further_definitions_of_a_name_are_listed() -> None:
    code = (
        "import os\nfrom typing import overload\n\n"
        'if os.name == "nt":\n    def fetch(url):\n        return 1\n'
        "else:\n    def fetch(url, timeout=3):\n        return 2\n\n"
        "@overload\ndef pick(x: int) -> int: ...\n@overload\ndef pick(x: str) -> str: ...\n"
        "def pick(x): return x\n\ndef once(): return 1\n"
    )
    context = context_of({"net.py": code})
    pages = {}
    for name in ("fetch", "pick", "once"):
        api = api_for(Target("net.py", name), context, "a test")
        pages[name] = implementation_page(api, context, {})
    assert "It is defined again at `net.py:L8-9`: `def fetch(url, timeout=3)`." in pages["fetch"].description
    assert {str(source.anchor) for source in pages["fetch"].sources} >= {"net.py:L5-6", "net.py:L8-9"}
    assert "It is defined 2 more times in this file:" in pages["pick"].description
    assert "- `net.py:L11-12`: `@overload` `def pick(x: int) -> int`" in pages["pick"].description
    assert "defined again" not in pages["once"].description


def test_a_page_tells_which_lines_raise_what_of_a_class_those_of_its_constructor() -> None:
    context = context_of(
        {
            "README.md": "# Lib\n\n```python\nfrom lib import Chain, join\n\njoin(Chain(1))\n```\n",
            "lib/__init__.py": (
                "class Chain:\n    def __init__(self, *parts):\n        if not parts:\n"
                "            raise ValueError('no part')\n        if None in parts:\n"
                "            raise ValueError('not a part')\n\n\n"
                "def join(chain):\n    if not chain:\n        raise LookupError('nothing')\n"
                "    try:\n        return chain.run()\n    except OSError as error:\n        raise error\n"
            ),
        }
    )
    pages = {api.page: api for api in api_catalog(context, [])}
    chain, join = page_of("Chain_init", context, pages), page_of("join", context, pages)
    told = read_io_contract(chain)
    assert told is not None
    assert told.raises == (
        RaisedError(
            "ValueError", "`'no part'` at `lib/__init__.py:L4-4`, `'not a part'` at `lib/__init__.py:L6-6`"
        ),
    )
    assert Anchor("lib/__init__.py", 6, 6) in [source.anchor for source in chain.sources]
    told = read_io_contract(join)
    assert told is not None
    assert told.raises == (RaisedError("LookupError", "`'nothing'` at `lib/__init__.py:L11-11`"),)


def test_what_only_the_docstring_says_that_it_raises_is_a_row_of_its_own(
    context: ApiContext, apis: dict[str, Api]
) -> None:
    told = read_io_contract(page_of("Base_save", context, apis))
    assert told is not None
    assert [row.error for row in told.raises] == ["OSError"]
    assert told.raises[0].where.startswith("“When the disk is full.” in its docstring, `lib/core.py:L")


@pytest.mark.parametrize(
    "comment",
    [
        '<!-- {\n  "output": "the pot that was made for you"\n} -->\n',
        "<!-- for tools, not for readers,\n\nat all -->\n",
    ],
)
def test_what_leads_in_to_code_is_no_comment(comment: str) -> None:
    text = f"# Lib\n\nMake it with a base.\n\n{comment}```python\nfrom lib import make\n\nmake()\n```\n"
    context = context_of({"README.md": text, "lib/__init__.py": "def make():\n    return 1\n"})
    (passage,) = (one for one in context.resolution.passages if one.path == "README.md" and one.uses)
    assert lead_in(passage.uses[-1], context.repository) == (3, 3, "Make it with a base.")


def test_a_docstring_of_tags_alone_is_one_and_of_declared_overloads_the_signatures_are_shown() -> None:
    declared = (
        "/**\n * @param pot A pot.\n */\nexport declare function fire(pot: string): void;\n"
        "export declare function fire(pots: string[]): void;\nexport declare function cool(): void;\n"
    )
    context = context_of({"package.json": '{"name": "kiln", "types": "index.d.ts"}', "index.d.ts": declared})
    fire, cool = (
        implementation_page(api_for(Target("index.d.ts", name), context, "a test"), context, {})
        for name in ("fire", "cool")
    )
    assert fire.overview == (
        "`fire` is a function that takes `pot` and returns `void`; its docstring (`index.d.ts:L1-3`) has no summary."
    )
    assert cool.overview.endswith("; it has no docstring.")
    reference = read_code_reference(fire)
    assert reference
    assert reference.signature.count("declare function fire(") == 2


_INTERFACES = {
    "a.rs": (
        "/// Logs.\npub trait Log {\n    /// Whether it is on. Ask first.\n    fn enabled(&self) -> bool;\n"
        "    fn flush(&self) {}\n}\n",
        [
            ("enabled", "fn enabled(&self) -> bool", "Whether it is on. (`a.rs:L4-4`)"),
            ("flush", "fn flush(&self)", "(`a.rs:L5-5`)"),
        ],
    ),
    "a.go": (
        "package a\n\ntype Log interface {\n\tFlush(now bool) error\n}\n",
        [("Flush", "Flush(now bool) error", "(`a.go:L4-4`)")],
    ),
    "a.ts": (
        "export interface Log {\n  flush(): void\n  on: () => boolean\n  size: number\n}\n",
        [
            ("size", "number", "(`a.ts:L4-4`)"),
            ("flush", "flush(): void", "(`a.ts:L2-2`)"),
            ("on", "on: () => boolean", "(`a.ts:L3-3`)"),
        ],
    ),
    "A.java": (
        "public interface Log {\n  int flush(int now);\n}\n",
        [("flush", "int flush(int now)", "(`A.java:L2-2`)")],
    ),
    "a.py": (
        "from typing import Protocol\n\nclass Log(Protocol):\n"
        '    def flush(self, now: bool) -> None:\n        """Empties it."""\n',
        [("flush", "def flush(self, now: bool) -> None", "Empties it. (`a.py:L4-5`)")],
    ),
}


@pytest.mark.parametrize("path", _INTERFACES)
def test_the_inputs_of_an_interface_are_its_methods(path: str) -> None:
    text, expected = _INTERFACES[path]
    context = context_of({path: text})
    page = implementation_page(api_for(Target(path, "Log"), context, "a test"), context, {})
    contract = read_io_contract(page)
    assert contract
    assert [(one.name, one.type, one.description) for one in contract.inputs] == expected


def test_a_type_of_functions_says_what_they_take_and_return() -> None:
    code = "package kiln\n\ntype Glaze func(string) Pot\n\ntype Cool func()\n\ntype Pot struct{}\n"
    context = context_of({"go.mod": "module example.org/kiln\n", "kiln.go": code})
    told = {
        name: implementation_page(api_for(Target("kiln.go", name), context, "a test"), context, {}).overview
        for name in ("Glaze", "Cool")
    }
    assert told["Glaze"].startswith("`Glaze` is a type of functions that take `string` and return `Pot`;")
    assert told["Cool"].startswith("`Cool` is a type of functions that take nothing and return nothing;")


def test_the_call_that_stands_for_a_command_is_cited_where_it_stands() -> None:
    files = {
        "pyproject.toml": '[project]\nname = "kiln"\nversion = "1"\n',
        "kiln/__init__.py": "def fire(): ...\n",
        "docs/work.rst": "Work\n====\n\n.. code-block:: bash\n\n    pytest\n",
        "docs/guide.rst": "Plugin\n======\n\n.. code-block:: bash\n\n    pytest --shelves=upper\n",
    }
    context = context_of(files)
    api = next(one for one in tool_apis(context) if one.target.name == "pytest")
    reference = read_code_reference(implementation_page(api, context, {}))
    assert reference
    assert (reference.signature, reference.quoted) == (
        "pytest --shelves=upper",
        Anchor("docs/guide.rst", 6, 6),
    )
