import pytest

from codebase_gardener.dataset.context import ContextFinder, without_docstring
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.retrieval.documents import Document
from codebase_gardener.retrieval.index import SymbolIndex


def document(text, symbol="Scale.apply", path="scale.py"):
    return Document(f"{path}:L1-{text.count(chr(10))}", path, symbol, text, "method")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '    def apply(self, x):\n        """Scale.\n\n        Twice.\n        """\n        return 2 * x\n',
            "    def apply(self, x):\n        return 2 * x\n",
        ),
        ('@cache\ndef one():\n    "One."\n    return 1\n', "@cache\ndef one():\n    return 1\n"),
        ('async def one():\n    "One."\n\n    return 1\n', "async def one():\n\n    return 1\n"),
        ('def one():\n    "One."; x = 1\n    return x\n', None),
        ('def one(): "One."\n', None),
        ('def one():\n    "One."\n', None),
        ("def one():\n    return 1\n", None),
        ('def one():\n    "One."\n    return (\n', None),
        ("rank = 16\n", None),
    ],
)
def test_a_docstring_is_left_out_and_nothing_else(text, expected):
    assert without_docstring(document(text)).text == (text if expected is None else expected)


def test_other_languages_are_left_as_they_are():
    text = 'def one():\n    "One."\n    return 1\n'
    assert without_docstring(document(text, path="one.rb")).text == text


def test_functions_of_the_same_name_come_first():
    same = document("def merge(self):\n    return self.weight + self.delta\n", "Other.merge", "a.py")
    alike = document(
        "def unmerge(layer, rank):\n    layer rank merge Lora\n", "Lora.unmerge_layer_rank", "b.py"
    )
    asked = Symbol(
        path="lora.py",
        qualified_name="Lora.merge",
        kind="method",
        language="python",
        start=1,
        end=2,
        definition_line=1,
        body_start=2,
        signature="def merge(self, layer, rank)",
        docstring=None,
    )
    index = SymbolIndex.build([same, alike])
    assert index.search("lora.py Lora.merge layer rank")[0].document == alike
    assert ContextFinder(index).documents(asked)[0].symbol == "Other.merge"
