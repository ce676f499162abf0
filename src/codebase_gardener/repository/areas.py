"""Which part of a repository a file belongs to, by its path alone: the one table of all that ask."""

from __future__ import annotations

import re
from functools import lru_cache

from codebase_gardener.languages.table import LANGUAGES

__all__ = [
    "AREAS",
    "area_of",
    "is_about_versions",
    "is_about_versions_or_work",
    "is_changelog",
    "is_for_tests",
    "is_in_material",
]

_ROWS = [row for row in LANGUAGES.values() if row.code]
_CODE = f"(?:{'|'.join(row.ending for row in _ROWS)})"
_TEST_FILES = "|".join(f"{row.test_stem}{row.ending}" for row in _ROWS if row.test_stem)
_SCRIPTS = "|".join(f"^(?=.*{row.ending})(?:{row.scripts})$" for row in _ROWS if row.scripts)
_ENDS = r"(?:[-_.][^/]*)?$"
"""How a file's name goes on after a word that tells what it is."""

AREAS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("tests", re.compile(r"(^|/)(?i:tests?|test-d|testdata|testing_data|__tests__|e2e)/|^testing/|^[^/]*[-_]tests/"
                         r"|(^|/)specs?/.*" + _CODE + r"|(^|/)(test_[^/]*|[^/]*_test)" + _CODE + f"|{_TEST_FILES}")),
    ("benchmarks", re.compile(r"(^|/)(bench|benches|benchmarks?|perf|asv_bench)/|_bench" + _CODE)),
    ("examples", re.compile(r"(^|/)(_?examples?|demos?|playgrounds?|samples?|tutorials?|notebooks?|cookbook|docs_src)"
                            r"(/|$)|\.ipynb$")),
    ("docs", re.compile(r"(^|/)(docs?|documentation|website|site)(/|$)|(^|/)(?!.*" + _CODE + r")(readme|contributing"
                        r"|changelog|changes|history|news|authors|security|code_of_conduct)[^/]*$|\.(md|mdx|rst)$",
                        re.IGNORECASE)),
    ("scripts", re.compile(r"(^|/)(scripts?|tools?|ci|\.[^/]+)/")),
    ("other", re.compile(_SCRIPTS)),
    ("package", re.compile(_CODE)),
)  # fmt: skip
"""Area and the paths that belong to it; the first row that matches decides, "other" where none does."""

_FOR_TESTS = re.compile(
    r"_?(?:test(?:s|ing|_.*|ing_.*|_?utils|client)?|conftest|(?:mock|fake|stub)(?:s|ing|_.*)?)\Z",
    re.IGNORECASE,
)
_MATERIAL = re.compile(
    r"(?:^|/)_{0,2}(?:fixtures?|helpers?|support|mocks?|fakes?|stubs?|testdata)_{0,2}/", re.IGNORECASE
)
_NEWS = r"changes|(?:version[-_ ]?)?history|news|releases?|release[-_ ]notes|whats?[-_ ]?new"
_EARLIER = r"(?:previous|old(?:er)?|past|legacy)(?:[-_ ](?:versions?|docs?|releases?))?|archived(?:[-_ ]\w+)?"
_VERSIONS = rf"{_NEWS}|migrat\w*|upgrad\w*|backport\w*"
_WORK = (
    r"(?:contribut\w+|code[-_]of[-_]conduct|authors|maintain\w*|governance|development|licen[cs]e\w*"
    r"|pull_request_template|issue_template)"
)
_DESIGNS = r"(?:rfcs?|proposals|adrs?|decisions)"
"""Folders of what is planned and why, from before it was made."""
_WHICH = r"(?:(?:api|breaking|major|minor|notable|public)[-_ ])?"
_OF_VERSIONS = re.compile(
    rf"(?:^|/){_WHICH}(?:changelog|{_VERSIONS}){_ENDS}"
    rf"|(?:^|/)(?:changelog\.d|newsfragments|{_WHICH}(?:{_VERSIONS})(?:[-_ ]guides?)?|{_EARLIER})/",
    re.IGNORECASE,
)
_OF_NEWS = re.compile(rf"(?:^|/)(?:changelog|{_NEWS}){_ENDS}|(?:^|/)(?:changelog|{_NEWS})/", re.IGNORECASE)
_OF_WORK = re.compile(
    rf"(?:^|/){_WORK}{_ENDS}|(?:^|/)\.[^/]+/|^(?:security|claude|agents){_ENDS}|(?:^|/)(?-i:AGENTS|CLAUDE)\.md$"
    rf"|(?:^|/){_DESIGNS}/|^(?!(?:.*/)?docs?/)(?:.*/)?(?:[^/]*[-_])?(?:plan|roadmap|todo)\.[^/.]+$",
    re.IGNORECASE,
)


@lru_cache(maxsize=1 << 14)
def area_of(path: str, language: str = "") -> str:
    """ "tests", "benchmarks", "examples", "docs", "scripts", "package" (other code) or "other".

    Args:
        path: POSIX, from the root.
        language: Of the file, where it is known: a folder `doc` is a package where folders are packages.

    Example:
        >>> area_of("src/peft/auto.py"), area_of("tests/test_auto.py"), area_of("README.md"), area_of("setup.cfg")
        ('package', 'tests', 'docs', 'other')
    """
    area = next((area for area, pattern in AREAS if pattern.search(path)), "other")
    row = LANGUAGES.get(language) if area == "docs" else None
    is_package = row is not None and row.family is not None and ":" in row.family.unit(path)
    return area_of(path.rpartition("/")[2]) if is_package else area


@lru_cache(maxsize=1 << 14)
def is_for_tests(name: str) -> bool:
    """Whether a module, folder or definition is there for tests, by its name: of the tests themselves, or for them.

    Example:
        >>> is_for_tests("testing"), is_for_tests("test_utils"), is_for_tests("contest")
        (True, True, False)
    """
    return bool(_FOR_TESTS.match(name))


def is_in_material(path: str) -> bool:
    """Whether a file of tests stands in a folder of what tests work with: it is no test by itself.

    Example:
        >>> is_in_material("test/fixtures/a.js"), is_in_material("src/__mocks__/a.js"), is_in_material("test/a.js")
        (True, True, False)
    """
    return bool(_MATERIAL.search(path))


def is_about_versions(path: str) -> bool:
    """Whether a document tells what changed from version to version, or of versions that are gone.

    Example:
        >>> is_about_versions("CHANGES.rst"), is_about_versions("CONTRIBUTING.md"), is_about_versions("src/history.py")
        (True, False, False)
        >>> is_about_versions("docs/previous-versions/v3.md"), is_about_versions("docs/migration-guides/a.md")
        (True, True)
        >>> is_about_versions("API_CHANGES_V2.md"), is_about_versions("docs/major_releases/two.md")
        (True, True)
    """
    return bool(_OF_VERSIONS.search(path)) and not re.search(_CODE, path)


def is_changelog(path: str) -> bool:
    """Whether a document tells what is new in each version, rather than how to go from one to the next.

    Example:
        >>> is_changelog("docs/release-notes/2.1.md"), is_changelog("HISTORY"), is_changelog("docs/upgrading.md")
        (True, True, False)
    """
    return bool(_OF_NEWS.search(path)) and is_about_versions(path)


def is_about_versions_or_work(path: str) -> bool:
    """Whether a document tells of versions, or of work on the repository: it shows its users no way to use it.

    Example:
        >>> [is_about_versions_or_work(path) for path in ("CHANGES.rst", "docs/security.md", "src/history.py")]
        [True, False, False]
    """
    return is_about_versions(path) or (bool(_OF_WORK.search(path)) and not re.search(_CODE, path))
