"""Which definitions need a backend."""

from __future__ import annotations

from codebase_gardener.knowledge.environments.all_pages import environment_pages
from codebase_gardener.knowledge.environments.gates import required_environments
from codebase_gardener.knowledge.links.resolution import Resolution
from codebase_gardener.knowledge.links.uses import Target, Use
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from samples.environments import pages_of
from samples.written_context import context_of


def test_gates(facts: RepositoryFacts) -> None:
    pages = pages_of(facts)
    assert pages["QUIP"].gates == (Target("src/kit/quip.py", "dispatch"),)
    assert pages["Bitsandbytes"].gates == (
        Target("src/kit/bnb.py", "Linear4bit"), Target("src/kit/bnb.py", "Linear4bit.merge"),
    )  # fmt: skip
    assert pages["LoFT"].gates == (
        Target("src/kit/config.py", "Config.check"), Target("src/kit/loft_utils.py", "table"),
    )  # fmt: skip


def test_what_an_api_requires(facts: RepositoryFacts) -> None:
    pages = pages_of(facts)
    bnb = "src/kit/bnb.py"
    merge, plain, user = Target(bnb, "Linear4bit.merge"), Target(bnb, "plain"), Target("src/kit/a.py", "user")
    between = Target("src/kit/a.py", "between")

    def use(target: Target, scope: str) -> Use:
        return Use(target, "src/kit/a.py", 1, 1, scope, "call", "import")

    callers = {merge: (use(merge, "between"),), between: (use(between, "user"),)}
    resolution = Resolution((), callers, {}, {}, 0, 0)
    outside = Target("", "transformers.BitsAndBytesConfig")
    config = Target("src/kit/config.py", "Config")
    required = required_environments([merge, plain, user, outside, config], list(pages.values()), resolution)
    names = {target: [one.page.title for one in required[target]] for target in required}
    assert names == {
        merge: ["Core Environment", "Bitsandbytes Environment"],
        plain: ["Core Environment"],
        user: ["Core Environment", "Bitsandbytes Environment"],
        outside: ["Core Environment", "Bitsandbytes Environment"],
        config: ["Core Environment", "LoFT Environment"],
    }


FOR_WHOM = """\
[project]
name = "kiln"

[project.optional-dependencies]
standard = [
    # For the test oven
    "firebrick >=1.0",
    # For pots and glazed lids
    "clay-mixer >=2",
    # To check the pots
    "checker",
]
"""


def test_what_a_packaging_file_says_a_package_is_for_is_followed_to_its_api() -> None:
    files = {
        "pyproject.toml": FOR_WHOM,
        "kiln/__init__.py": "# Copyright 2026 A\n\nclass TestOven: ...\n\nclass LidGlazed: ...\n\nclass Check: ...\n",
    }
    context = context_of(files)
    pages = {page.page.title: page for page in environment_pages(context.repository)}
    backends = [page for page in pages.values() if page.kind == "backend"]
    assert backends, list(pages)
    targets = [
        Target("kiln/__init__.py", name)
        for name in ("TestOven", "GlazedLid", "GlazedLid.open", "Check", "Lid", "Pot")
    ]
    found = required_environments(targets, list(pages.values()), context.resolution)
    needed = {target.name for target, wanted in found.items() if any(one.kind == "backend" for one in wanted)}
    assert needed == {"TestOven", "GlazedLid", "GlazedLid.open", "Pot"}
    text = "\n".join(section.body for page in backends for section in page.page.sections)
    assert "“For the test oven” (`pyproject.toml:L6-6`)" in text
    assert not any("Copyright" in section.body for page in pages.values() for section in page.page.sections)


NEEDS_CLAY = {
    "pyproject.toml": '[project]\nname = "kiln"\n\n[project.optional-dependencies]\nfull = ["clay", "slip"]\n',
    "kiln/__init__.py": "",
    "kiln/testclient.py": """\
try:
    import clay
except ImportError:
    raise RuntimeError("kiln.testclient requires the clay package to be installed")

class TestClient:
    def get(self): ...
""",
    "kiln/forms.py": """\
def _needed():
    try:
        import slip
    except ImportError:
        raise RuntimeError('forms need the package "slip"')

def _read():
    _needed()

class Form:
    def __init__(self):
        _read()

class Other: ...
""",
}


def test_a_guard_in_a_helper_or_at_the_head_of_a_file_is_followed_to_the_api() -> None:
    context = context_of(NEEDS_CLAY)
    pages = environment_pages(context.repository)
    names = [("kiln/testclient.py", "TestClient"), ("kiln/testclient.py", "TestClient.get"),
             ("kiln/forms.py", "Form"), ("kiln/forms.py", "Other")]  # fmt: skip
    found = required_environments([Target(*one) for one in names], pages, context.resolution)
    needed = {
        target.name: {package for page in wanted if page.kind == "backend" for package in page.packages}
        for target, wanted in found.items()
    }
    assert needed == {"TestClient": {"clay"}, "TestClient.get": {"clay"}, "Form": {"slip"}, "Other": set()}


def test_a_package_that_imports_itself_where_it_may_be_missing_is_no_dependency() -> None:
    code = "try:\n    import kiln\n    import kiln.oven\nexcept ImportError:\n    kiln = None\n"
    files = {
        **NEEDS_CLAY,
        "kiln/compat.py": code,
        "kiln/version.py": "from importlib.metadata import version\n\n\ndef v():\n    return version('kiln')\n",
    }
    pages = environment_pages(context_of(files).repository)
    assert not any("kiln" in page.packages for page in pages)
    assert "`kiln` is used" not in "".join(section.body for page in pages for section in page.page.sections)
