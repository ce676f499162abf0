"""Where the words of a module's authors stand."""

import pytest

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


def test_a_line_for_a_tool_or_for_the_entry_says_nothing_of_the_whole() -> None:
    files = {
        "lid/__main__.py": '"""Starts the command of this package."""\n' + "x = 1\n" * 30,
        "lid/edge.py": "x = 1\n" * 30,
        "pan/pan.rb": "# frozen_string_literal: true\n\n# Fries what lies flat.\nclass Pan\nend\n" + "# x\n" * 30,
        "wok/lib.rs": "//! [![build]](https://x.y)\n//! [build]: https://x.y/b.svg\n//!\n//! Stirs what is hot.\n"
                      + "pub fn stir() {}\n" * 30,
    }  # fmt: skip
    repository = context_of(files).repository
    said = {module.path: said_of(module, repository) for module in module_tree(repository).modules}
    assert said["lid"] is None
    assert {path: one.sentence for path, one in said.items() if one} == {
        "pan": "Fries what lies flat.",
        "wok": "Stirs what is hot.",
    }


def test_a_package_comment_speaks_for_its_folder_wherever_it_stands_and_one_that_is_apart_does_not() -> None:
    apart = "// Licence of this file.\n\n// Holds what is left over.\n\npackage pan\n" + "// x\n" * 30
    files = {
        "a.go": apart,
        "route.go": "// Copyright A.\n\n// Package pan fries\n// what lies flat.\n//\n// Slowly.\npackage pan\n"
                    + "// x\n" * 30,
        "lid/a.go": apart,
        "lid/b.go": "package lid\n" + "// x\n" * 30,
    }  # fmt: skip
    repository = context_of(files).repository
    said = {module.path: said_of(module, repository) for module in module_tree(repository).modules}
    assert said["lid"] is None
    assert said[""] is not None
    found = said[""]
    assert (found.sentence, found.path, found.start, found.end) == (
        "Package pan fries what lies flat.", "route.go", 3, 4,
    )  # fmt: skip


def test_a_package_comment_is_of_the_folder_though_its_file_is_a_module_of_its_own() -> None:
    many = "".join(f"func F{n}() {{}}\n\n" for n in range(200))
    files = {
        "pan/big.go": f"/*\nPackage pan fries what lies flat.\n\nSlowly, as a pan does.\n*/\npackage pan\n\n{many}",
        "pan/lid.go": "package pan\n\nfunc Cover() {}\n" + "// x\n" * 30,
        "pan/rim.go": "package pan\n\nfunc Pour() {}\n" + "// x\n" * 30,
    }
    repository = context_of(files).repository
    said = {module.path: said_of(module, repository) for module in module_tree(repository).modules}
    assert said["pan"] is not None
    assert said["pan"].sentence == "Package pan fries what lies flat."
    assert said["pan/big.go"] is None


@pytest.mark.parametrize(
    "first",
    ["`npm run build` to build it all.", "Run the script to make pots.", "See the other folder for pots."],
)
def test_what_to_type_is_no_description(first: str) -> None:
    def said(words: str) -> object:
        files = {
            "pot/README.md": f"# Pots\n\n{words}\n\nEither change the pots in place or copy them.\n",
            "pot/a.py": "x = 1\n" * 30,
            "pot/b.py": "x = 1\n" * 30,
        }
        repository = context_of(files).repository
        return said_of(module_tree(repository).modules[0], repository)

    assert said(first) is None
    assert said("Holds pots that run in fires.") is not None


def test_words_for_a_folder_are_not_its_file_s_too_and_a_title_is_no_description() -> None:
    many = "".join(f"def f{n}():\n    return {n}\n\n\n" for n in range(100))
    files = {
        "pot/__init__.py": f'"""Cooks in many pots."""\n\n\n{many}',
        "pot/lid.py": '"""Advanced Guide To Lids"""\n\n\n' + many.replace("def f", "def g"),
        "pot/rim.py": "x = 1\n" * 30,
    }
    repository = context_of(files).repository
    said = {module.path: said_of(module, repository) for module in module_tree(repository).modules}
    assert {path: one.sentence for path, one in said.items() if one} == {"pot": "Cooks in many pots."}
    assert set(said) == {"pot", "pot/__init__.py", "pot/lid.py"}
