"""Each form of Python's packaging files."""

from __future__ import annotations

from samples.manifests import everything, read, rows

PYPROJECT = """\
[build-system]
requires = ["hatchling"]

[project]
name = "tool"
version = "1.2"
requires-python = ">= 3.10"
dependencies = [
    "torch>=1.13.0,!=2.0",
    'numpy ; python_version < "3.12"',
]
classifiers = ["Operating System :: POSIX :: Linux"]

[project.optional-dependencies]
fast = ["uvloop~=0.19"]
docs = ["sphinx<9"]

[dependency-groups]
ci = ["pytest", {include-group = "x"}]
"""


def test_pyproject() -> None:
    assert everything("pyproject.toml", PYPROJECT) == [
        ("runtime", "", "Python", ">=3.10", 7),
        ("requirement", "", "torch", ">=1.13.0,!=2.0", 9),
        ("requirement", "", "numpy", "", 10),
        ("extra", "fast", "uvloop", "~=0.19", 15),
        ("dev-extra", "docs", "sphinx", "<9", 16),
        ("platform", "", "Linux", "", 12),
        ("group", "ci", "pytest", "", 19),
        ("build", "", "hatchling", "", 2),
    ]


def test_the_same_requirement_twice_keeps_both_lines() -> None:
    text = '[project]\nname = "t"\ndependencies = [\n"rich",\n]\n[project.optional-dependencies]\nall = [\n"rich",\n]\n'
    assert rows("pyproject.toml", text, "requirement") == [("", "rich", "", 4)]
    assert rows("pyproject.toml", text, "extra") == [("all", "rich", "", 8)]


def test_poetry() -> None:
    text = """\
[tool.poetry]
name = "t"
[tool.poetry.dependencies]
python = "^3.9"
requests = "^2.31.0"
redis = {version = "~5.0", optional = true}
[tool.poetry.extras]
cache = ["redis"]
[tool.poetry.group.dev.dependencies]
black = "*"
"""
    assert rows("pyproject.toml", text, "runtime") == [("", "Python", ">=3.9,<4", 4)]
    assert rows("pyproject.toml", text, "requirement") == [("", "requests", ">=2.31.0,<3", 5)]
    assert rows("pyproject.toml", text, "extra") == [("cache", "redis", ">=5.0,<5.1", 6)]
    assert rows("pyproject.toml", text, "group") == [("dev", "black", "", 10)]


def test_flit_and_hatch() -> None:
    text = (
        '[tool.flit.metadata]\nmodule = "t"\nrequires = ["a>1"]\n[tool.flit.metadata.requires-extra]\nx = ["b"]\n'
        '[tool.hatch.envs.lint]\ndependencies = ["ruff"]\n'
    )
    assert rows("pyproject.toml", text, "requirement") == [("", "a", ">1", 3)]
    assert rows("pyproject.toml", text, "extra") == [("x", "b", "", 5)]
    assert rows("pyproject.toml", text, "group") == [("lint", "ruff", "", 7)]


def test_setup_cfg() -> None:
    text = """\
[metadata]
name = t
[options]
python_requires = >=3.8
install_requires =
    attrs>=20
    # a comment
    idna; python_version < "3.9"
[options.extras_require]
yaml = pyyaml
"""
    assert rows("setup.cfg", text, "requirement") == [("", "attrs", ">=20", 6), ("", "idna", "", 8)]
    assert rows("setup.cfg", text, "extra") == [("yaml", "pyyaml", "", 10)]
    assert rows("setup.cfg", text, "runtime") == [("", "Python", ">=3.8", 4)]


def test_requirements_files() -> None:
    text = "# top\n-r base.txt\nflask>=2 # web\nhttps://x.org/a.whl\ntorch==2.0 --hash=sha256:00\n"
    assert rows("requirements.txt", text, "listed") == [
        ("requirements", "flask", ">=2", 3), ("requirements", "torch", "==2.0", 5),
    ]  # fmt: skip
    assert rows("requirements/test.txt", "pytest", "group") == [("test", "pytest", "", 1)]


def test_conda_environment() -> None:
    text = "name: x\nchannels:\n  - conda\ndependencies:\n  - python=3.10\n  - numpy=1.26\n  - pip:\n    - rich>=13\n"
    assert rows("environment.yml", text, "runtime") == [("", "Python", "==3.10", 5)]
    assert rows("environment.yml", text, "listed") == [
        ("environment", "numpy", "==1.26", 6), ("environment", "rich", ">=13", 8),
    ]  # fmt: skip


def test_who_it_is() -> None:
    found = read("pyproject.toml", PYPROJECT)
    assert (found.name.text, found.name.start, found.version.text, found.version.start) == (
        "tool",
        5,
        "1.2",
        6,
    )
    scripted = read("setup.py", '\nVERSION = "1"\nsetup(name="t", version=VERSION, description="Bakes.")\n')
    assert (scripted.version.text, scripted.version.start, scripted.description) == ("1", 2, "Bakes.")
    configured = read("setup.cfg", "[metadata]\nname = t\nversion = attr: t.v\ndescription = Bakes.\n")
    assert (configured.name.text, configured.version.text, configured.description) == ("t", "", "Bakes.")


def test_programs() -> None:
    assert read(
        "pyproject.toml", '[project.scripts]\na = "x:y"\n[tool.poetry.scripts]\nb = "z"'
    ).commands == ("a", "b")
    text = "[options.entry_points]\nconsole_scripts =\n    a-b = x:y\n    c=d:e\n"
    assert read("setup.cfg", text).commands == ("a-b", "c")
    assert read("setup.cfg", "[entry_points]\nconsole_scripts = a = x:y\n").commands == ("a",)
    assert read("setup.py", 'setup(entry_points={"console_scripts": ["a=x:y"]})').commands == ("a",)


def test_an_entry_that_is_also_the_name_of_its_group() -> None:
    text = '[dependency-groups]\npre-commit = [\n  "pre-commit",\n]\n'
    assert rows("pyproject.toml", text, "group") == [("pre-commit", "pre-commit", "", 3)]


def test_a_requirements_file_that_setup_cfg_names_is_no_requirement() -> None:
    assert everything("setup.cfg", "[options]\ninstall_requires = file: requirements.txt\n") == []


def test_an_extra_that_checks_formats_is_for_users() -> None:
    text = '[project]\nname = "a"\n[project.optional-dependencies]\nformat = ["idna"]\nlint = ["ruff"]\n'
    assert rows("pyproject.toml", text, "extra") == [("format", "idna", "", 4)]
    assert rows("pyproject.toml", text, "dev-extra") == [("lint", "ruff", "", 5)]
