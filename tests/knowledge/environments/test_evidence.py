"""Each packaging form and each guard, on small files; hostile ones end quickly and without a crash."""

from __future__ import annotations

import time

import pytest

from codebase_gardener.knowledge.environments.evidence import KINDS, environment_evidence
from codebase_gardener.languages.python.trees import parse_python
from codebase_gardener.languages.table import language_of


def evidence(path: str, text: str) -> list[tuple[str, ...]]:
    """(kind, scope, name, value, line) of each."""
    tree = parse_python(text) if path.endswith(".py") else None
    found = environment_evidence(path, language_of(path), text, None if isinstance(tree, str) else tree, ())
    last = text.count("\n") + 1
    assert all(one.kind in KINDS and 1 <= one.start <= one.end <= last for one in found)
    return [(one.kind, one.scope, one.name, one.value, one.start) for one in found]


def rows(path: str, text: str, kind: str) -> list[tuple[str, ...]]:
    return [row[1:] for row in evidence(path, text) if row[0] == kind]


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
    assert evidence("pyproject.toml", PYPROJECT) == [
        ("package", "", "tool", "1.2", 5),
        ("release", "", "1.2", "", 6),
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


SETUP = """\
from setuptools import setup
VERSION = "1"
extras = {}
extras["a"] = ["one>=1", "two"]
extras["b"] = ["three"]
extras["dev"] = extras["a"] + extras["b"]
more = ["four"]
more += ["five==5"]
more.append("six")
extras.update({"c": ["seven"]})
setup(
    name="t",
    python_requires=">=3.10.0",
    install_requires=[
        "numpy>=1.17",
    ] + more,
    extras_require=extras,
)
"""


def test_setup_script() -> None:
    assert rows("setup.py", SETUP, "requirement") == [
        ("", "numpy", ">=1.17", 15), ("", "four", "", 7), ("", "five", "==5", 8), ("", "six", "", 9),
    ]  # fmt: skip
    assert rows("setup.py", SETUP, "extra") == [
        ("a", "one", ">=1", 4), ("a", "two", "", 4), ("b", "three", "", 5), ("c", "seven", "", 10),
    ]  # fmt: skip
    assert [row[1] for row in rows("setup.py", SETUP, "dev-extra")] == ["one", "two", "three"]
    assert rows("setup.py", SETUP, "runtime") == [("", "Python", ">=3.10.0", 13)]


def test_setup_script_is_never_run(tmp_path: object) -> None:
    text = (
        f"import os\nopen({str(tmp_path)!r} + '/ran', 'w')\nexec('raise SystemExit')\nraise SystemExit\n"
        + SETUP
    )
    assert [row[1] for row in rows("setup.py", text, "requirement")] == ["numpy", "four", "five", "six"]
    assert not list(tmp_path.iterdir())  # type: ignore[attr-defined]


def test_setup_script_that_doubles_a_list_stays_small() -> None:
    text = 'x = ["a"]\n' + "x = x + x\n" * 60 + "setup(install_requires=x)\n"
    assert 0 < len(rows("setup.py", text, "requirement")) <= 5_000
    deep = "setup(install_requires=" + " + ".join(['["a"]'] * 3_000) + ")\n"
    evidence("setup.py", deep)


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


def test_package_json() -> None:
    text = """\
{
  "name": "@o/lib", "version": "2.0.0",
  "engines": {"node": ">=18"},
  "dependencies": {"zod": "^3.0.0"},
  "peerDependencies": {"react": ">=17", "vue": "3"},
  "peerDependenciesMeta": {"vue": {"optional": true}},
  "devDependencies": {
    "react": "18"
  }
}
"""
    assert evidence("package.json", text) == [
        ("package", "", "@o/lib", "2.0.0", 2),
        ("release", "", "2.0.0", "", 2),
        ("runtime", "", "Node.js", ">=18", 3),
        ("requirement", "", "zod", "^3.0.0", 4),
        ("requirement", "peer", "react", ">=17", 5),
        ("extra", "optional", "vue", "3", 5),
        ("group", "dev", "react", "18", 8),
    ]
    assert not rows("package.json", '{"name": "root", "private": true}', "package")


def test_go_mod() -> None:
    text = "module github.com/o/x // v2\n\ngo 1.21\n\nrequire (\n\ta.org/b v1.2.3\n\tc.org/d v0.1.0 // indirect\n)\n"
    text += "require e.org/f v2.0.0\n"
    assert evidence("go.mod", text) == [
        ("package", "", "github.com/o/x", "", 1),
        ("runtime", "", "Go", ">=1.21", 3),
        ("requirement", "", "a.org/b", ">=v1.2.3", 6),
        ("requirement", "", "e.org/f", ">=v2.0.0", 9),
    ]


def test_cargo_toml() -> None:
    text = """\
[package]
name = "c"
version = "0.1.0"
rust-version = "1.70"
[features]
json = ["dep:serde_json"]
[dependencies]
log = "0.4"
serde_json = { version = "1", optional = true }
[dev-dependencies]
tempfile = "3"
"""
    assert evidence("Cargo.toml", text)[:1] == [("package", "", "c", "0.1.0", 2)]
    assert rows("Cargo.toml", text, "runtime") == [("", "Rust", ">=1.70", 4)]
    assert rows("Cargo.toml", text, "requirement") == [("", "log", "0.4", 8)]
    assert rows("Cargo.toml", text, "extra") == [("json", "serde_json", "1", 9)]
    assert rows("Cargo.toml", text, "group") == [("dev", "tempfile", "3", 11)]


POM = """\
<project>
  <groupId>org.x</groupId>
  <artifactId>app</artifactId>
  <properties><java.version>17</java.version><j.v>2.15</j.v></properties>
  <dependencies>
    <!-- <dependency><artifactId>no</artifactId></dependency> -->
    <dependency>
      <groupId>org.j</groupId>
      <artifactId>json</artifactId>
      <version>${j.v}</version>
      <exclusions><exclusion><artifactId>z</artifactId></exclusion></exclusions>
    </dependency>
    <dependency><groupId>junit</groupId><artifactId>junit</artifactId><scope>test</scope></dependency>
  </dependencies>
</project>
"""


def test_pom_xml() -> None:
    assert evidence("pom.xml", POM) == [
        ("package", "", "org.x:app", "", 3),
        ("runtime", "", "Java", ">=17", 4),
        ("requirement", "", "org.j:json", "2.15", 7),
        ("group", "test", "junit:junit", "", 13),
    ]


def test_gradle() -> None:
    text = "dependencies {\n  implementation 'a.b:c:1.0'\n  testImplementation(\"j:u:4\")\n}\n"
    assert rows("build.gradle", text, "requirement") == [("", "a.b:c", "1.0", 2)]
    assert rows("build.gradle.kts", text, "group") == [("test", "j:u", "4", 3)]


GUARDS = """\
import importlib
import os
import sys
from packaging import version
import torch

HAS_RICH = importlib.util.find_spec("rich") is not None

def is_bnb_available():
    return importlib.util.find_spec("bitsandbytes") is not None

def is_gptq_available():
    minimum = version.parse("0.5.0")
    found = version.parse(importlib.metadata.version("auto_gptq"))
    if minimum <= found:
        return True
    raise ImportError(f"Found {found}, " + f"needs {minimum} or higher")

class Model:
    def load(self):
        if not is_bnb_available():
            raise RuntimeError("please install the `bnb` package")
        if version.parse(torch.__version__) < version.parse("2.1"):
            raise ImportError("torch is too old")
        if sys.version_info >= (3, 12):
            pass
        if sys.platform == "win32" or torch.cuda.is_available():
            return os.environ["HOME_DIR"], os.getenv("TOKEN", "x"), "cuda:0"
        raise ValueError("rank must be positive")

try:
    import scipy.stats
except (ImportError, AttributeError):
    scipy = None
"""


def test_guards() -> None:
    assert evidence("pkg/a.py", GUARDS) == [
        ("available", "", "rich", "", 7),
        ("available", "is_bnb_available", "bitsandbytes", "", 10),
        ("available", "is_gptq_available", "auto_gptq", "auto_gptq", 14),
        ("version", "is_gptq_available", "auto_gptq", ">=0.5.0", 15),
        ("raise", "is_gptq_available", "ImportError", "", 17),
        ("guard", "Model.load", "is_bnb_available", "", 21),
        ("raise", "Model.load", "RuntimeError", "", 22),
        ("version", "Model.load", "torch", ">=2.1", 23),
        ("raise", "Model.load", "ImportError", "", 24),
        ("version-check", "Model.load", "Python", ">=3.12", 25),
        ("platform", "Model.load", "win32", "", 27),
        ("device", "Model.load", "cuda", "", 27),
        ("environment-variable", "Model.load", "HOME_DIR", "", 28),
        ("environment-variable", "Model.load", "TOKEN", "'x'", 28),
        ("device-word", "Model.load", "cuda", "", 28),
        ("optional-import", "", "scipy", "31", 32),
    ]


def test_messages_have_their_constants() -> None:
    found = environment_evidence("pkg/a.py", "python", GUARDS, parse_python(GUARDS), ())  # type: ignore[arg-type]
    assert next(one.text for one in found if one.kind == "raise") == "Found {found}, needs 0.5.0 or higher"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('is_torch_version(">=", "2.1")', ("version-check", "torch", ">=2.1")),
        ('compare_versions("deepspeed", "<", "0.9.3")', ("version-check", "deepspeed", "<0.9.3")),
        ('require_version("x >= 1.2")', ("version-check", "x", ">=1.2")),
        ('_is_package_available("msamp", "ms-amp")', ("available", "msamp", "ms-amp")),
        ('import_optional_dependency("lxml")', ("available", "lxml", "")),
        ("is_npu_available()", ("device", "npu", "")),
        ('hasattr(torch, "mps") and torch.backends.mps.is_available()', ("device", "mps", "")),
        ('x = "A_KEY" in os.environ', ("environment-variable", "A_KEY", "")),
        ('os.environ.get("MY-VAR|x")', ("environment-variable", "MY-VAR|x", "")),
        ('x = os.environ["my.var"]', ("environment-variable", "my.var", "")),
        ('x = "A B" in os.environ or os.getenv("a-b")', ("environment-variable", "a-b", "")),
        ('if os.name == "nt": pass', ("platform", "nt", "")),
        ('parse_flag_from_env("DEBUG", False)', ("environment-variable", "DEBUG", "False")),
    ],
)
def test_forms_of_guards(line: str, expected: tuple[str, str, str]) -> None:
    assert expected in [(row[0], row[2], row[3]) for row in evidence("pkg/a.py", f"def f():\n    {line}\n")]


@pytest.mark.parametrize(
    "line",
    [
        'path_in_package("tests", "x")',
        'os.environ["X"] = "1"',
        "is_sorted(x)",
        'd.get("A_B")',
        'os.environ.get("A B=")',
        'request.environ.get("wsgi.input")',
        "raise Custom('x')",
    ],
)
def test_what_is_no_guard(line: str) -> None:
    assert evidence("pkg/a.py", f"def f():\n    {line}\n") == []


def test_other_languages_variables() -> None:
    assert rows("src/a.ts", "\nconst t = process.env.API_TOKEN;\n", "environment-variable") == [
        ("", "API_TOKEN", "", 2)
    ]
    assert rows("a.go", 'x := os.Getenv("HOME_DIR")', "environment-variable") == [("", "HOME_DIR", "", 1)]


def test_code_of_tests_and_examples_counts_for_nothing() -> None:
    assert evidence("tests/test_a.py", GUARDS) == evidence("examples/a.py", GUARDS) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pyproject.toml", "[project\nname = "),
        ("pyproject.toml", "project = 1\ntool = []"),
        (
            "pyproject.toml",
            '[project]\nname = 3\ndependencies = "x"\noptional-dependencies = ["a"]\nclassifiers = {}',
        ),
        ("pyproject.toml", "a = " + "[" * 5_000),
        ("setup.cfg", "no section\n[options"),
        ("setup.cfg", "[options]\ninstall_requires = %(x)s\n"),
        ("package.json", "[" * 100_000),
        ("package.json", '{"name": null, "dependencies": ["a"], "engines": 1, "os": 3}'),
        ("Cargo.toml", "[package]\nname = 1\n[dependencies]\nx = 3\n[features]\na = 1\n"),
        (
            "pom.xml",
            '<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><project>&b;</dependency></a></project>',
        ),
        ("go.mod", "require (\n" + "x" * 100_000),
        ("requirements.txt", "===\n;;;\n[x]\n" + "a" * 100_000),
        ("environment.yml", "dependencies:\n- \n- ::\n  - python\n"),
        ("setup.py", "setup(**{'install_requires': f()})\nsetup(name=x, extras_require={**y})\n"),
    ],
)
def test_broken_files_are_no_crash(path: str, text: str) -> None:
    evidence(path, text)


def test_entities_are_not_expanded() -> None:
    bomb = '<!DOCTYPE p [<!ENTITY a "1">]>' + POM.replace("2.15", "&a;" * 50)
    assert rows("pom.xml", bomb, "requirement")[0][2] == ("&a;" * 50)[:300]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pkg/a.py", "x = " + "-" * 200 + "1 # is_a_available \n" + "y = '" + "cuda" * 250_000 + "'\n"),
        ("pkg/a.py", "x = [" + "'cuda', " * 100_000 + "]\n"),
        ("pkg/a.py", "x = " + " + ".join(["os.getenv('A_B')"] * 900) + "\n"),
        ("pyproject.toml", "[project]\nname='a'\ndependencies = [" + "'a>1', " * 20_000 + "]\n"),
        ("pom.xml", "<" * 300_000),
        ("pom.xml", "<a>" * 100_000),
        ("pom.xml", "<!--" * 50_000),
        ("src/a.js", "process.env" * 100_000),
        ("requirements.txt", "a>1\n" * 20_000),
        ("package.json", '{"dependencies": {' + ",".join(f'"p{i}": "1"' for i in range(20_000)) + "}}"),
    ],
)
def test_large_files_end_in_time(path: str, text: str) -> None:
    start = time.process_time()
    evidence(path, text)
    assert time.process_time() - start < 5
