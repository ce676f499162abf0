"""Python's packaging files: pyproject.toml, setup.cfg, setup.py, requirements files, environment.yml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from packaging.requirements import InvalidRequirement, Requirement

from codebase_gardener.languages.python.trees import parse_python
from codebase_gardener.manifests.contents import Dependency, Manifest
from codebase_gardener.manifests.setup_script import setup_arguments
from codebase_gardener.manifests.switches import switches_of
from codebase_gardener.manifests.values import NOTHING, LocatedValue, ini_values, one_line, toml_values
from codebase_gardener.utils.anchors import split_lines

__all__ = ["INDEX", "conda_environment", "pyproject", "requirements_file", "setup_cfg", "setup_py"]

INDEX = "PyPI"
"""The ecosystem of what Python imports."""
_LOOSE = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]{0,200}\])?\s*([^;#\s][^;#]*)?")
_WORDS = (
    "dev devel develop development test tests testing doc docs documentation lint linting linter "
    "quality style typing types mypy ci cicd coverage cov bench benchmark benchmarks benchmarking "
    "release build pre precommit formatting tox nox contributing contrib gha examples example "
    "tutorial maintainer static "
)
DEVELOPMENT_WORDS = frozenset(_WORDS.split())
"""An extra or group with one of these words in its name serves who works on the repository, not who uses it."""


def pyproject(_path: str, text: str) -> Manifest:
    """PEP 621 and 735 tables, Poetry's, Flit's and Hatch's older ones, and the build system."""
    data = toml_values(text)
    project, poetry, flit = data.at("project"), data.at("tool", "poetry"), data.at("tool", "flit", "metadata")
    direct = {key: poetry.at(key).text for key in ("repository", "homepage") if poetry.at(key)}
    return Manifest(
        INDEX,
        name=project.at("name") or poetry.at("name") or flit.at("dist-name") or flit.at("module"),
        version=project.at("version") or poetry.at("version"),
        description=(project.at("description") or poetry.at("description")).text,
        urls=tuple(({**dict(project.at("urls").texts), **dict(poetry.at("urls").texts)} | direct).items()),
        dependencies=(
            *_needs(project.at("requires-python"), project.at("dependencies"), project.at("optional-dependencies")),
            *_systems(project.at("classifiers")),
            *_groups(data),
            *_poetry(poetry),
            *_needs(flit.at("requires-python"), flit.at("requires"), flit.at("requires-extra")),
            *_requirements("build", "", data.at("build-system", "requires").entries),
        ),
        commands=(*project.at("scripts").table, *poetry.at("scripts").table),
        switches=switches_of("extra", project.at("optional-dependencies") or poetry.at("extras"), text),
    )  # fmt: skip


def _groups(data: LocatedValue) -> Iterator[Dependency]:
    for name, entries in data.at("dependency-groups").table.items():
        yield from _requirements("group", name, entries.entries)
    for name, environment in data.at("tool", "hatch", "envs").table.items():
        yield from _requirements("group", name, environment.at("dependencies").entries)


def _poetry(poetry: LocatedValue) -> Iterator[Dependency]:
    optional: dict[str, str] = {}
    for extra, names in poetry.at("extras").table.items():
        for each in names.entries:
            optional.setdefault(each.text, extra)
    groups = {name: group.at("dependencies") for name, group in poetry.at("group").table.items()}
    tables = (("", poetry.at("dependencies")), ("dev", poetry.at("dev-dependencies")), *groups.items())
    for group, table in tables:
        for name, row in table.table.items():
            extra = "" if group else optional.get(name, "")
            kind = _extra_kind(extra) if extra else "group" if group else "requirement"
            bound = _caret(row.text or row.at("version").text)
            if name == "python":
                yield from _needs(LocatedValue(bound, row.start, row.end), NOTHING, NOTHING)
            else:
                yield Dependency(kind, extra or group, name, f"{name}{bound}", bound, row.start, row.end)


def _caret(version: str) -> str:
    """Poetry's `^1.2` and bare `1.2` in the form that pip writes.

    Example:
        >>> _caret("^1.2"), _caret("~1.2.3"), _caret("0.3.*"), _caret("*")
        ('>=1.2,<2', '>=1.2.3,<1.3', '==0.3.*', '')
    """
    text = version.replace(" ", "")
    found = re.fullmatch(r"([\^~])(\d+(?:\.\d+)*)", text[:60])
    if found and len(found[2]) < 40:
        parts = [int(part) for part in found[2].split(".")]
        fixed = 1 if found[1] == "~" and len(parts) > 1 else 0
        if found[1] == "^":
            fixed = next((index for index, part in enumerate(parts) if part), len(parts) - 1)
        upper = ".".join(str(part) for part in [*parts[:fixed], parts[fixed] + 1])
        return f">={found[2]},<{upper}"
    if text in ("", "*"):
        return ""
    return text if text[0] in "<>=!~^" else f"=={text}"


def setup_cfg(_path: str, text: str) -> Manifest:
    """[metadata], [options] and what is below them, of setuptools; [entry_points] of pbr."""
    data = ini_values(text)
    metadata, options = data.at("metadata"), data.at("options")
    pairs = (each.text.partition("=") for each in metadata.at("project_urls").rows)
    urls = {label.strip(): url.strip() for label, found, url in pairs if found}
    homes = [("url", metadata.at(key).text) for key in ("home-page", "home_page", "url")]
    name, version = metadata.at("name"), metadata.at("version")
    scripts = data.at("options.entry_points", "console_scripts"), data.at("entry_points", "console_scripts")
    return Manifest(
        INDEX,
        name=name if name.text != "UNKNOWN" else NOTHING,
        version=version if version.text[:1].isdigit() else NOTHING,  # no `attr: kiln.__version__`
        description=(metadata.at("description") or metadata.at("summary")).text,
        urls=tuple((urls | {label: url for label, url in homes if url}).items()),
        dependencies=(
            *_needs(
                options.at("python_requires"),
                options.at("install_requires"),
                data.at("options.extras_require"),
            ),
            *_systems(metadata.at("classifiers")),
        ),
        commands=tuple(_programs(*scripts)),
    )


def setup_py(_path: str, text: str) -> Manifest:
    """What `setup(…)` is given, as far as it can be told without running anything."""
    tree = parse_python(text)
    given = LocatedValue(setup_arguments(tree)) if not isinstance(tree, str) else NOTHING
    direct = {key: given.at(key).text for key in ("url", "download_url") if given.at(key)}
    return Manifest(
        INDEX,
        name=given.at("name"),
        version=given.at("version"),
        description=given.at("description").text,
        urls=tuple((dict(given.at("project_urls").texts) | direct).items()),
        dependencies=(
            *_needs(given.at("python_requires"), given.at("install_requires"), given.at("extras_require")),
            *_systems(given.at("classifiers")),
        ),
        commands=tuple(_programs(given.at("entry_points", "console_scripts"))),
    )


def _needs(bound: LocatedValue, required: LocatedValue, extras: LocatedValue) -> Iterator[Dependency]:
    if bound.text:
        python = bound.text.replace(" ", "")
        yield Dependency("runtime", "", "Python", bound.text, python, bound.start, bound.end)
    yield from _requirements("requirement", "", required.rows)
    for name, entries in extras.table.items():
        yield from _requirements(_extra_kind(name), name, entries.rows)


def _requirements(kind: str, group: str, entries: Iterable[LocatedValue]) -> Iterator[Dependency]:
    for entry in entries:
        name, version = _parts(entry.text)
        if name:
            yield Dependency(kind, group, name, entry.text, version, entry.start, entry.end)


def _systems(classifiers: LocatedValue) -> Iterator[Dependency]:
    for entry in classifiers.rows:
        if entry.text.startswith("Operating System :: "):
            name = entry.text.rpartition(" :: ")[2]
            yield Dependency("platform", "", name, entry.text, "", entry.start, entry.end)


def _programs(*scripts: LocatedValue) -> Iterator[str]:
    """Of `kiln = kiln.cli:main`, what stands before the sign."""
    return (line.text.partition("=")[0].strip() for each in scripts for line in each.rows)


def _extra_kind(name: str) -> str:
    return "dev-extra" if _is_development(name) else "extra"


def _is_development(name: str) -> bool:
    """Whether an extra or dependency group is for work on the repository itself.

    Example:
        >>> _is_development("docs_specific"), _is_development("deepspeed")
        (True, False)
    """
    return any(word in DEVELOPMENT_WORDS for word in re.split(r"[^a-z]+", name.lower()))


@lru_cache(4096)
def _parts(text: str) -> tuple[str, str]:
    """Name and version specifier (with its marker's condition left out) of a requirement; ("", "") where it is none.

    Example:
        >>> _parts("torch >= 1.13.0; sys_platform != 'win32'")
        ('torch', '>=1.13.0')
    """
    if text.startswith("file:"):  # of setup.cfg: a requirements file, which is read itself
        return "", ""
    try:
        parsed = Requirement(text)
    except InvalidRequirement:
        found = _LOOSE.match(text)
        return (found[1], one_line(found[2] or "")) if found else ("", "")
    specifiers = sorted(str(part) for part in parsed.specifier)
    return parsed.name, ",".join(
        sorted(specifiers, key=lambda part: (not part.startswith((">", "=", "~")), part))
    )


def requirements_file(path: str, text: str) -> Manifest:
    """A requirements file of pip, without what it includes; its name tells whether it is for development."""
    return Manifest(INDEX, dependencies=tuple(_listed(path, text)))


def _listed(path: str, text: str) -> Iterator[Dependency]:
    name = path.rpartition("/")[2].removesuffix(".txt")
    kind = "group" if _is_development(path) else "listed"
    for number, line in enumerate(split_lines(text), 1):
        entry = line.split(" #", 1)[0].strip()
        if not entry or entry.startswith(("#", "-", ".", "/", "git+", "http:", "https:")):
            continue
        entry = entry.rstrip("\\").split(" --hash", 1)[0]
        yield from _requirements(kind, name, [LocatedValue(entry, number, number)])


def conda_environment(_path: str, text: str) -> Manifest:
    """`dependencies:` of an environment.yml, with its `pip:` list."""
    return Manifest(INDEX, dependencies=tuple(_conda(text)))


def _conda(text: str) -> Iterator[Dependency]:
    """Read line by line: many are templates, which are no YAML."""
    inside = False
    for number, line in enumerate(split_lines(text), 1):
        if re.match(r"\S", line) and not line.startswith(("-", "#")):
            inside = line.startswith("dependencies:")
            continue
        found = re.match(r"\s*-\s+[\"']?([A-Za-z0-9][^#\"'\n]{0,200})", line[:300]) if inside else None
        if not found or found[1].strip() in ("pip:", "pip"):
            continue
        entry = re.sub(r"^([\w.-]+)\s*=(?=[\d.]+)", r"\1==", found[1].strip().rpartition("::")[2])
        if re.match(r"python\b(?!-)", entry):
            yield from _needs(LocatedValue(entry.removeprefix("python"), number, number), NOTHING, NOTHING)
        else:
            entry = re.sub(r"(==[\d.]+)=.*", r"\1", entry)
            yield from _requirements("listed", "environment", [LocatedValue(entry, number, number)])
