"""The rules of the code base that import-linter cannot say."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from codebase_gardener.languages.table import FAMILIES, GRAMMARS
from codebase_gardener.registry.transactions import Registry

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "codebase_gardener"
FILES = sorted(SRC.rglob("*.py"))
HEAVY = {"torch", "transformers", "peft", "accelerate", "ray"}
MAX_LINES = 600

# Alembic runs these two itself and asks for names of its own
MIGRATIONS = {SRC / "registry/migrations/env.py", *(SRC / "registry/migrations/versions").glob("v*.py")}

# name → where it may be named again: the root, and the import paths that PeftManager's users know
REEXPORTS = {
    "codebase_gardener": {
        "Gardener",
        "PeftManager",
        "Project",
        "Receipt",
        "Settings",
        "TrainingSpec",
        "CodebaseGardenerError",
    },
    "codebase_gardener.models.peft_manager": {"AdapterHandle", "AdapterMetadata", "TrainingProgress"},
}

FORBIDDEN = {
    "pickle": r"\b(import|from) (pickle|cPickle|dill|cloudpickle|shelve|marshal)\b|\bpickle\.\w",
    "torch.load": r"\btorch\.load\(",
    "trust_remote_code": r"trust_remote_code(?!=False\b)",
    "eval or exec": r"(?<![\w.])(eval|exec)\(",
    "a shell": r"shell\s*=\s*True|\bos\.(system|popen)\(",
    "safetensors written or read as pickle": r"weights_only\s*=\s*False|safe_serialization\s*=\s*False",
}


def module_name(path: Path) -> str:
    parts = path.relative_to(SRC.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imports(nodes: Iterable[ast.AST], *, top_only: bool) -> Iterator[str]:
    """Imported modules, and what is taken from them, which may be one; under `if TYPE_CHECKING:` nothing runs."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield from (module, *(f"{module}.{alias.name}" for alias in node.names))
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from imports(node.orelse, top_only=top_only)
        elif not isinstance(node, ast.expr) and not (
            top_only and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ):
            yield from imports(ast.iter_child_nodes(node), top_only=top_only)


@cache
def imported(path: Path, *, top_only: bool) -> frozenset[str]:
    return frozenset(imports(tree_of(path).body, top_only=top_only))


def roots(path: Path, *, top_only: bool) -> set[str]:
    return {name.partition(".")[0] for name in imported(path, top_only=top_only)}


def short(path: Path) -> str:
    return path.relative_to(SRC).as_posix()


# ---- imports


def test_imports_are_found_wherever_they_run() -> None:
    code = """
if TYPE_CHECKING:
    import a
else:
    import b
try:
    import c
except ImportError:
    from d import x
class K:
    import e
    def method(self):
        import f
"""
    assert list(imports(ast.parse(code).body, top_only=True)) == ["b", "c", "d", "d.x", "e"]
    assert list(imports(ast.parse(code).body, top_only=False)) == ["b", "c", "d", "d.x", "e", "f"]


def test_heavy_libraries_are_imported_at_the_top_of_their_own_files_only() -> None:
    wrong = {
        short(path): sorted(roots(path, top_only=True) & HEAVY)
        for path in FILES
        if not path.name.startswith(("torch_", "ray_")) and roots(path, top_only=True) & HEAVY
    }
    assert wrong == {}


def test_torch_files_are_imported_at_the_top_by_torch_files_only() -> None:
    wrong = [
        f"{short(path)} imports {name}"
        for path in FILES
        if not path.name.startswith(("torch_", "ray_"))
        for name in sorted(imported(path, top_only=True))
        if name.startswith("codebase_gardener.") and name.rpartition(".")[2].startswith(("torch_", "ray_"))
    ]
    assert wrong == []


def test_no_circle_of_modules() -> None:
    """Neither through imports inside functions: what is in a circle can only be read, and changed, as a whole."""
    modules = {module_name(path): path for path in FILES}
    graph = {name: modules.keys() & imported(path, top_only=False) - {name} for name, path in modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_sql_stays_in_the_registry() -> None:
    databases = {"sqlalchemy", "alembic", "sqlite3", "psycopg"}
    found = {short(path).partition("/")[0] for path in FILES if roots(path, top_only=False) & databases}
    assert found == {"registry"}


def test_settings_are_read_by_the_composition_roots_only() -> None:
    allowed = (
        "gardener/",
        "models/peft_manager.py",
        "cli/",
        "worker.py",
        "config/",
        "serving/",
        "cluster/ray_",
    )
    wrong = [
        f"{short(path)}:{node.lineno}"
        for path in FILES
        if not short(path).startswith(allowed)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", "")) in ("Settings", "load_settings")
    ]
    assert wrong == []


def test_environment_variables_are_read_as_settings() -> None:
    """`os.environ` is passed on to child processes, and set for libraries; our own names are Settings' business."""
    pattern = re.compile(r"environ(\.get\(|\[)[\"']CODEBASE_GARDENER")
    assert [short(path) for path in FILES if pattern.search(path.read_text("utf-8"))] == []


def test_memory_and_cores_are_read_in_one_place() -> None:
    """`utils.limits` knows of containers; `tests/conftest.py` deals out cores by itself."""
    pattern = re.compile(r"virtual_memory\(|cpu_count\(|sched_getaffinity")
    assert [short(path) for path in FILES if pattern.search(path.read_text("utf-8"))] == ["utils/limits.py"]


def test_cli_and_worker_never_import_each_other() -> None:
    for path in FILES:
        names = imported(path, top_only=False)
        if short(path) == "worker.py":
            assert not any(name.startswith("codebase_gardener.cli") for name in names)
        if short(path).startswith("cli/"):
            assert "codebase_gardener.worker" not in names


# ---- modules and their public names


def test_each_module_has_docstring_and_all() -> None:
    trees = {path: tree_of(path) for path in FILES}
    assert [short(path) for path, tree in trees.items() if not ast.get_docstring(tree)] == []
    without = [
        short(path)
        for path, tree in trees.items()
        if len(tree.body) > 1 and path not in MIGRATIONS and not any(map(assigns_all, tree.body))
    ]
    assert without == []


def assigns_all(node: ast.stmt) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)


def test_each_file_is_short() -> None:
    lines = {short(path): len(path.read_text("utf-8").splitlines()) for path in FILES}
    assert {name: count for name, count in lines.items() if count > MAX_LINES} == {}


def public_modules() -> Iterator[ModuleType]:
    for path in FILES:
        if path not in MIGRATIONS:
            module = import_module(module_name(path))
            if hasattr(module, "__all__"):
                yield module


def test_public_names_exist_and_are_exposed_once() -> None:
    places: dict[int, list[str]] = defaultdict(list)
    for module in public_modules():
        assert len(set(module.__all__)) == len(module.__all__), module.__name__
        for name in module.__all__:
            value = getattr(module, name)
            if (
                callable(value)
                and hasattr(value, "__module__")
                and name not in REEXPORTS.get(module.__name__, ())
            ):
                places[id(value)].append(f"{module.__name__}.{name}")
    assert [names for names in places.values() if len(names) > 1] == []


def test_public_classes_and_functions_are_in_all() -> None:
    """What is not for others has a leading underscore; `main` is an entry point, and a subcommand its group's."""
    missing = []
    for path in FILES:
        if path in MIGRATIONS or path.name == "__init__.py":
            continue
        exposed = import_module(module_name(path)).__all__
        missing += [
            f"{short(path)}: {node.name}"
            for node in tree_of(path).body
            if isinstance(node, ast.ClassDef | ast.FunctionDef)
            and not node.name.startswith("_")
            and node.name not in (*exposed, "main")
            and not any(".command(" in ast.unparse(decorator) for decorator in node.decorator_list)
        ]
    assert missing == [], "\n".join(missing)


def test_import_paths_that_users_know() -> None:
    for module, names in {
        "codebase_gardener.config.settings": ["Settings"],
        "codebase_gardener.utils.error_handling": [
            "CodebaseGardenerError", "ModelError", "TrainingError", "retry_with_backoff",
        ],
        "codebase_gardener.models.peft_manager": ["PeftManager", "AdapterMetadata", "TrainingProgress"],
    }.items():  # fmt: skip
        assert [name for name in names if not hasattr(import_module(module), name)] == []


def test_the_root_exposes_its_names_lazily() -> None:
    import codebase_gardener

    assert set(codebase_gardener.__all__) - {"__version__"} == REEXPORTS["codebase_gardener"]
    for name in codebase_gardener.__all__:
        assert getattr(codebase_gardener, name)
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = codebase_gardener.no_such_name
    loaded = loaded_by("import codebase_gardener")
    assert {name for name in loaded if name.startswith("codebase_gardener.")} == set()


# ---- where things are


ACROSS = {
    # a test file that is of no single module: what it is about
    "adapters/test_torch_kinds.py": "every kind of adapter beside every other",
    "adapters/test_torch_states.py": "any order of loading, using and taking off",
    "benchmarks/test_exam.py": "a benchmark",
    "benchmarks/test_scale.py": "a benchmark",
    "benchmarks/test_train.py": "a benchmark",
    "cli/test_bad_input.py": "every command",
    "cli/test_importing.py": "import, from a folder to an answer",
    "cli/test_output.py": "every command",
    "cli/test_trained.py": "commands on a trained adapter",
    "documents/test_hostile_documents.py": "every reader",
    "knowledge/answers/test_heirs.py": "several languages",
    "knowledge/links/test_foreign_links.py": "several languages",
    "registry/test_crashes.py": "every transaction",
    "registry/test_cuts.py": "every transaction",
    "repository/test_attacks.py": "a hostile repository",
    "serving/test_continue.py": "the client of an editor",
    "training/fast/test_torch_fast_runs.py": "runs on the fast path",
    "training/test_torch_quantization.py": "training on quantized bases",
    "wiki/test_bad_input.py": "every command of the wiki",
    "wiki/test_incremental.py": "builds after edits",
    "wiki/site/test_in_chromium.py": "every page of a site, in a browser",
    "wiki/test_languages.py": "wikis of several languages",
}
TESTS = ROOT / "tests"
TEST_FILES = sorted(
    path.relative_to(TESTS).as_posix()
    for path in TESTS.glob("*/**/test_*.py")
    if path.parent.name != "clients"  # a file for each foreign program
)


def test_each_test_file_is_that_of_a_module() -> None:
    odd = []
    for name in TEST_FILES:
        folder, _, file = name.rpartition("/")
        stem = file.removeprefix("test_").removesuffix(".py")
        modules = [f"{folder}/{stem}.py", f"{folder}/{stem.removeprefix('torch_')}.py"]
        if not any((SRC / module).is_file() for module in modules):
            odd.append(name)
    assert sorted(odd) == sorted(ACROSS)


def test_every_module_is_found_by_a_test() -> None:
    """`scripts/test_of.py` names it; from a command to the row that it writes it is four imports."""
    spec = spec_from_file_location("test_of", ROOT / "scripts" / "test_of.py")
    assert spec and spec.loader
    look_up = module_from_spec(spec)
    spec.loader.exec_module(look_up)
    modules = [path for path in FILES if path.name != "__init__.py" and path not in MIGRATIONS]
    far = {short(path): found for path in modules if not (found := look_up.tests_of(path)) or found[0][1] > 4}
    assert far == {}


def test_no_file_repeats_its_folder() -> None:
    found = [
        short(path)
        for path in FILES
        if path.parent != SRC and re.match(rf"{re.escape(path.parent.name.rstrip('s'))}s?(_|\Z)", path.stem)
    ]
    assert found == []


def test_no_public_class_name_stands_twice() -> None:
    names = Counter(
        node.name
        for path in FILES
        for node in tree_of(path).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert [name for name, count in names.items() if count > 1] == []


# ---- what starts fast


def loaded_by(code: str, home: Path | None = None) -> set[str]:
    """Modules that a fresh process has loaded after running code."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules, sep='\\n', file=sys.stderr)"],
        env={**os.environ, **({"CODEBASE_GARDENER_HOME": str(home)} if home else {})},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(done.stderr.splitlines())


def test_a_wiki_is_built_without_what_loads_and_trains_adapters() -> None:
    loaded = loaded_by("import codebase_gardener.gardener.wikis, codebase_gardener.knowledge.building")
    assert not loaded & {
        f"codebase_gardener.{name}"
        for name in (
            "adapters.loaded",
            "adapters.files",
            "bases.resolution",
            "jobs.progress",
            "training.spec",
        )
    }


def test_help_loads_nothing_heavy() -> None:
    loaded = loaded_by("import codebase_gardener.cli.main")
    assert loaded & {*HEAVY, "numpy", "sqlalchemy", "pydantic", "rich", "alembic"} == set()


@pytest.mark.parametrize("arguments", [["adapters", "list"], ["projects"], ["jobs", "list"]], ids=" ".join)
def test_listings_load_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    Registry(tmp_path / "registry.sqlite").close()
    code = f"from codebase_gardener.cli.main import cli\ncli({arguments!r}, standalone_mode=False)"
    loaded = loaded_by(code, tmp_path)
    assert loaded & {*HEAVY, "numpy", "alembic", "matplotlib", "psutil", "pathspec", "requests"} == set()
    assert (
        not {f"codebase_gardener.{name}" for name in ("repository", "languages", "knowledge", "wiki")}
        & loaded
    )


# ---- what is never done


@pytest.mark.parametrize("what", FORBIDDEN)
def test_forbidden(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what])
    found = [
        f"{short(path)}:{number}"
        for path in FILES
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []


def test_workers_take_whole_groups(request: pytest.FixtureRequest) -> None:
    """Otherwise each worker makes the adapter that tests share, and each module's fixtures, anew."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        pytest.skip("one process runs all tests")
    assert request.node.nodeid.endswith(f"@{__file__}")


def test_the_project_stands_alone() -> None:
    """No file names a place outside of the repository."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    outside = ("../" + "shared", "/" + "work/")
    found = []
    for name in filter(None, listed.stdout.decode().split("\0")):
        text = (ROOT / name).read_bytes().decode("utf-8", "replace") if (ROOT / name).is_file() else ""
        found += [f"{name}: {place}" for place in outside if place in text]
    assert found == []


# ---- languages

LANGUAGE_NAMES = {*GRAMMARS, *FAMILIES, "python"} - {"c"}  # one letter says too little
NAMED_ELSEWHERE = {
    # file: why it names a language
    "documents": "documents whose directives and prompts mean Python, and snippets that are taken for it",
    "knowledge/environments": "packaging files name the languages that they are for",
    "manifests": "packaging files name the languages that they are for",
    "doctor": "the interpreter that is looked for",
}
PYTHON_IN_DEPTH = {
    # Python is followed through its own syntax tree, which these read beside the tables of the other languages
    "knowledge/extraction.py", "knowledge/links/resolution.py", "knowledge/links/python/public_names.py",
    "knowledge/apis/implementations.py",
    "knowledge/apis/usage_examples.py",
    "knowledge/pages/implementation_layout.py", "knowledge/claims/field_index.py", "knowledge/claims/sources.py",
    "knowledge/workflows/step_rules.py", "knowledge/heuristics/layout.py",
}  # fmt: skip


def test_a_language_is_named_in_its_own_room_only() -> None:
    wrong, excepted = [], set()
    for path in FILES:
        name = short(path)
        if name.startswith(("languages/", *NAMED_ELSEWHERE)):
            continue
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.Constant) or node.value not in LANGUAGE_NAMES:
                continue
            if node.value == "python" and name in PYTHON_IN_DEPTH:
                excepted.add(name)
            else:
                wrong.append(f"{name}:{node.lineno} {node.value}")
    assert wrong == []
    assert excepted == PYTHON_IN_DEPTH  # an exception that is no longer needed goes


def test_the_engine_names_no_language() -> None:
    for path in (SRC / "languages" / "engine").glob("*.py"):
        assert (
            not {node.value for node in ast.walk(tree_of(path)) if isinstance(node, ast.Constant)}
            & LANGUAGE_NAMES
        )
