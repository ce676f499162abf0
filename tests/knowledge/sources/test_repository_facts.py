"""A snapshot's facts: which of several definitions a name means, and the evidence of a range."""

from samples.written_context import context_of


def test_of_several_definitions_the_first_that_is_no_overload_is_meant() -> None:
    text = """
        from typing import overload

        @overload
        def f(x: int) -> int: ...
        @overload
        def f(x: str) -> str: ...
        def f(x):
            return x
        def f(x, y):
            return y
    """
    repository = context_of({"a.py": text}).repository
    assert [each.start for each in repository.definitions["a.py", "f"]] == [3, 5, 7, 9]
    assert str(repository.source_of(repository.symbols["a.py", "f"]).anchor) == "a.py:L7-8"
