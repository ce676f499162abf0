"""Inputs and outputs of APIs, from signatures, fields and docstrings of three styles."""

from codebase_gardener.knowledge.apis.io_contract import contract_of, fields_of
from codebase_gardener.knowledge.pages.implementation_layout import Output, Parameter
from codebase_gardener.utils.anchors import Anchor
from samples.written_context import context_of, symbol_named

GOOGLE = '''
    def load(path: str, *names, strict=True, retries: int = 3, **options) -> "Model":
        """Load a model.

        Args:
            path (`str` or `os.PathLike`):
                Where it
                lies.
            strict (`bool`, *optional*, defaults to `True`): Refuse | complain.
            **options: Passed on.

        Returns:
            Model: The loaded model.

        Raises:
            ValueError: If it is broken.
        """
        return Model()
'''


def test_google_docstring_and_signature() -> None:
    context = context_of({"p/__init__.py": "", "p/m.py": GOOGLE})
    contract = contract_of(symbol_named(context, "load"), context)
    assert contract.inputs == (
        Parameter("path", "str", "", True, "Where it lies."),
        Parameter("*names", "", "", False, ""),
        Parameter("strict", "bool", "True", False, "Refuse | complain."),
        Parameter("retries", "int", "3", False, ""),
        Parameter("**options", "", "", False, "Passed on."),
    )
    assert contract.outputs == (Output('"Model"', "The loaded model."),)


def test_numpy_and_sphinx_docstrings() -> None:
    context = context_of(
        {
            "m.py": '''
    def numpy(x, y=1):
        """Sum.

        Parameters
        ----------
        x : float
            First.
        y : int, optional
            Second.

        Returns
        -------
        float
            The sum.
        """
        return x + y

    def sphinx(x, y=1):
        """Sum.

        :param x: First.
        :type x: float
        :param y: Second.
        :return: The sum.
        :rtype: float
        """
        return x + y
    '''
        }
    )
    for name in ("numpy", "sphinx"):
        contract = contract_of(symbol_named(context, name), context)
        assert [(row.name, row.type, row.default, row.description) for row in contract.inputs] == [
            ("x", "float", "", "First."),
            ("y", {"numpy": "int", "sphinx": ""}[name], "1", "Second."),
        ]
        assert contract.outputs == (Output("float", "The sum."),)


def test_dataclass_fields_with_inherited_ones_and_help() -> None:
    context = context_of(
        {
            "p/__init__.py": "",
            "p/base.py": """
    from dataclasses import dataclass
    @dataclass
    class Base:
        task: str = "none"
    """,
            "p/config.py": '''
    from dataclasses import dataclass, field
    from typing import ClassVar, Optional
    from .base import Base
    @dataclass
    class Config(Base):
        """A config.

        Args:
            r (`int`): The rank.
        """
        r: int = field(default=8, metadata={"help": "Rank of "
            "the adapter"})
        names: Optional[list[str]] = field(default_factory=list)
        hidden: int = field(init=False, default=1)
        kinds: ClassVar[int] = 2
        must: int
        _private: int = 0
    ''',
        }
    )
    config = symbol_named(context, "Config")
    contract = contract_of(config, context)
    assert contract.inputs == (
        Parameter("task", "str", '"none"', False, "(inherited from `Base`)"),
        Parameter("r", "int", "8", False, "Rank of the adapter"),
        Parameter("names", "Optional[list[str]]", "list()", False, ""),
        Parameter("must", "int", "", True, ""),
    )
    assert contract.outputs == (Output("Config", "A new instance."),)


def test_a_class_takes_what_its_own_or_inherited_constructor_takes() -> None:
    context = context_of(
        {
            "m.py": '''
    class Base:
        """Base.

        Args:
            size: How large.
        """
        def __init__(self, size: int = 1): ...
    class Child(Base):
        pass
    class Outside(Unknown):
        """Made elsewhere.

        Args:
            x (int): A number.
        """
    '''
        }
    )
    assert contract_of(symbol_named(context, "Base"), context).inputs == (
        Parameter("size", "int", "1", False, "How large."),
    )
    assert [row.name for row in contract_of(symbol_named(context, "Child"), context).inputs] == ["size"]
    assert contract_of(symbol_named(context, "Outside"), context).inputs == (
        Parameter("x", "int", "", None, "A number."),
    )


def test_outputs_without_annotation_come_from_the_body() -> None:
    context = context_of(
        {
            "m.py": """
    from contextlib import contextmanager
    def nothing(x):
        print(x)
    def gives(x):
        def inner():
            return 7
        if x:
            return x
        return None
    def yields():
        yield 1
    def stub():
        raise NotImplementedError
    @contextmanager
    def opened():
        yield
    class A:
        @staticmethod
        def s(a, b): return a
        @classmethod
        def c(cls, a): return a
        async def m(self, a, /, *, b): return b
    """
        }
    )

    def outputs(name: str) -> tuple[Output, ...]:
        return contract_of(symbol_named(context, name), context).outputs

    def inputs(name: str) -> list[str]:
        return [row.name for row in contract_of(symbol_named(context, name), context).inputs]

    assert outputs("nothing") == (Output("None", "The body returns no value."),)
    assert outputs("gives") == (Output("", "Returns `x`."),)
    assert outputs("yields") == (Output("", "Yields `1`."),)
    assert outputs("stub") == ()
    assert outputs("opened") == (Output("", "A context manager for `with`."),)
    assert inputs("A.s") == ["a", "b"]
    assert inputs("A.c") == ["a"]
    assert inputs("A.m") == ["a", "b"]


def test_what_is_returned_has_a_type_or_words_that_its_reader_knows() -> None:
    context = context_of(
        {
            "m.py": """
    def wraps(f):
        def wrap(*given):
            return f(*given)
        return wrap
    def makes(size):
        pot = Pot(size)
        return pot
    def unknown(size):
        found = lookup(size)
        return found
    def several(size):
        if size:
            return True
        return None
    """
        }
    )

    def outputs(name: str) -> tuple[Output, ...]:
        return contract_of(symbol_named(context, name), context).outputs

    assert outputs("wraps") == (Output("function", ""),)
    assert outputs("makes") == (Output("Pot", ""),)
    assert outputs("unknown") == (Output("", "A value whose type the code does not say."),)
    assert outputs("several") == (Output("bool | None", "Returns `True`."),)


def test_other_languages_have_names_only() -> None:
    context = context_of({"m.go": "package m\n\nfunc Add(a int, b int) int {\n\treturn a + b\n}\n"})
    contract = contract_of(symbol_named(context, "Add"), context)
    assert [row.name for row in contract.inputs] == list(symbol_named(context, "Add").parameters)


def test_what_annotated_documents_is_the_description_and_no_type() -> None:
    context = context_of(
        {
            "p/__init__.py": "",
            "p/m.py": '''
    def route(
        path: Annotated[
            str,
            Doc(
                """
                The path, as in `/pots`.

                Read more in the guide.
                """
            ),
        ],
        *,
        name: Annotated[str | None, typing_extensions.Doc("Its " "name.")] = None,
        depth: Annotated[int, Gt(0)] = 1,
    ) -> None:
        """Serve.

        Args:
            depth: How deep.
        """
    ''',
        }
    )
    found = contract_of(symbol_named(context, "route"), context)
    assert [(each.name, each.type, each.description) for each in found.inputs] == [
        ("path", "str", "The path, as in `/pots`. Read more in the guide."),
        ("name", "str | None", "Its name."),
        ("depth", "int", "How deep."),
    ]


FIELDS = """
    @dataclass
    class Base:
        first: int

    @dataclass
    class Made(Base):
        second: str = \\
            "a"

        def run(
            self,
            plain,
            given: int = max(
                1, 2
            ),
            *rest,
        ): ...
"""


def test_each_parameter_knows_its_own_lines() -> None:
    context = context_of({"p/__init__.py": "", "p/m.py": FIELDS})
    made = contract_of(symbol_named(context, "Made"), context)
    assert [str(each.place) for each in made.inputs] == ["p/m.py:L3-3", "p/m.py:L7-8"]
    run = contract_of(symbol_named(context, "Made.run"), context)
    assert [str(each.place) for each in run.inputs] == ["p/m.py:L12-12", "p/m.py:L13-15", "p/m.py:L16-16"]


def test_another_name_for_a_type_of_go_has_its_fields() -> None:
    context = context_of(
        {
            "go.mod": "module example.org/pot\n",
            "base/pot.go": (
                "package base\n\ntype Pot[T any, C any] struct {\n\t// Litres it holds.\n\tSize T\n\tinner C\n}\n"
            ),
            "pot.go": (
                'package pot\n\nimport b "example.org/pot/base"\n\ntype Big = b.Pot[int, string]\n\n'
                "type (\n\tFar = Big\n\tOwn Far\n\tOther = b.Nothing\n)\n\ntype Round Round\n\ntype List []Big\n"
            ),
        }
    )
    field = (Parameter("Size", "T", "", None, "Litres it holds.", Anchor("base/pot.go", 4, 5)),)
    for name in ("Pot", "Big", "Far", "Own"):
        assert contract_of(symbol_named(context, name), context).inputs == field
    for name in ("Other", "Round", "List"):
        assert contract_of(symbol_named(context, name), context).inputs == ()


def test_a_type_of_functions_takes_and_returns_what_they_do() -> None:
    context = context_of(
        {
            "go.mod": "module example.org/pot\n",
            "pot.go": (
                "package pot\n\ntype Glaze func(string) Value\n\n"
                "type (\n\tFire func(heat int, pots ...Pot) (Pot, error)\n"
                "\tCool func()\n)\n\ntype Pot struct{}\n\nfunc (p *Pot) Break() {}\n"
            ),
        }
    )
    told = contract_of(symbol_named(context, "Glaze"), context)
    assert [(one.name, one.type) for one in told.inputs] == [("", "string")]
    assert told.outputs == (Output("Value", ""),)
    told = contract_of(symbol_named(context, "Fire"), context)
    assert [(one.name, one.type) for one in told.inputs] == [("heat", "int"), ("...pots", "Pot")]
    assert told.outputs == (Output("(Pot, error)", ""),)
    for name in ("Cool", "Pot.Break"):
        told = contract_of(symbol_named(context, name), context)
        assert (told.inputs, told.outputs) == ((), (Output("", "Returns nothing."),))
    assert contract_of(symbol_named(context, "Pot"), context).outputs == ()


def test_properties_of_typescript_are_fields_and_its_methods_are_not() -> None:
    context = context_of(
        {
            "a.ts": (
                "export interface Kiln {\n  /** Degrees it holds. */\n  heat: number\n  onFire?: (pot: Pot) => void\n"
                "  glaze: { colour: string }\n}\nexport type Oven = Kiln & { door: string }\n"
                "export type Pot = { size: number }\n"
            ),
        }
    )
    kiln = symbol_named(context, "Kiln")
    told = [(each.name, each.type, each.description) for each in contract_of(kiln, context).inputs]
    assert told == [
        ("heat", "number", "Degrees it holds."),
        ("onFire", "(pot: Pot) => void", ""),
        ("glaze", "{ colour: string }", ""),
    ]
    assert [each.qualified_name for each in fields_of(kiln, context)] == ["Kiln.heat", "Kiln.glaze"]
    assert [each.name for each in contract_of(symbol_named(context, "Oven"), context).inputs] == ["door"]
    assert [each.name for each in contract_of(symbol_named(context, "Pot"), context).inputs] == ["size"]
