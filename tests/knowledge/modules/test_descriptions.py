"""Where the words of a module's authors stand."""

from codebase_gardener.knowledge.modules.descriptions import said_of
from codebase_gardener.knowledge.modules.tree import module_tree
from samples.written_context import context_of


def test_the_lines_are_those_that_say_it() -> None:
    files = {
        "pot/__init__.py": '# a line before\n"""\nCooks\nin pots.\n"""\n' + "x = 1\n" * 30,
        "bowl/other.py": '"""Says nothing for the folder."""\n' + "x = 1\n" * 30,
    }
    repository = context_of(files).repository
    bowl, pot = (said_of(module, repository) for module in module_tree(repository).modules)
    assert pot is not None
    assert (pot.sentence, pot.path, pot.start, pot.end) == ("Cooks in pots.", "pot/__init__.py", 3, 4)
    assert bowl is not None  # a folder of one file says what the file says
    more = {**files, "bowl/third.py": '"""Neither does this one."""\n'}
    repository = context_of(more).repository
    assert said_of(module_tree(repository).modules[0], repository) is None
