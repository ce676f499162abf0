"""What a repository is called: from its git remote, else its packaging files, else its folder."""

from __future__ import annotations

import ast
import configparser
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from codebase_gardener.languages.python.trees import parse_python
from codebase_gardener.repository.git import GitError, find_repository
from codebase_gardener.repository.snapshot import Snapshot
from codebase_gardener.repository.sources import default_name, is_git_url, without_credentials
from codebase_gardener.utils.names import name_from

__all__ = ["identity"]

CODE_HOSTS = re.compile(
    r"(github\.com|gitlab\.com|bitbucket\.org|codeberg\.org|gitee\.com|git\.sr\.ht"
    r"|(git|gitlab|github|gitea|forgejo)\.[a-z0-9.-]+|salsa\.debian\.org)\Z"
)
"""Hosts whose addresses begin with an owner and a repository."""

NO_OWNERS = ("sponsors", "orgs", "users", "topics", "apps", "marketplace")
"""First parts of an address on a code host that name no owner."""

LABELS = (
    "repository",
    "sourcecode",
    "source",
    "code",
    "github",
    "gitlab",
    "homepage",
    "url",
    "home",
    "downloadurl",
)
"""Which address of a package is its repository's: the first of these that is on a code host, then any that is."""

_URL = re.compile(r"(?:git\+)?(https?|ssh|git)://(?:[^/@\s]*@)?([A-Za-z0-9.-]+)(?::\d+)?/([^\s?#]+)\Z")
_SCP = re.compile(r"[A-Za-z0-9_][\w.-]*@([A-Za-z0-9.-]+):([^\s?#]+)\Z")
_MAX_CHARS = 300
_MAX_PART = 50


def identity(snapshot: Snapshot) -> tuple[str, str]:
    """Owner and repository as page names begin, and where the repository comes from.

    Nothing is run: git only reads a setting, packaging files are parsed.

    Returns:
        ("huggingface_peft", "https://github.com/huggingface/peft"); where no address is known, the folder's or
        archive's name without its version, twice.
    """
    for url in _remotes(snapshot):
        named = _hosted(url, any_host=True)
        if named:
            return named
    texts = {file.path: file.text for file in snapshot.files if file.path in PACKAGING}
    home = ""
    for path, read in PACKAGING.items():
        urls = _read(read, texts[path]) if path in texts else {}
        for url in _by_label(urls):
            named = _hosted(url, any_host=False)
            if named:
                return named
            home = home or _plain_url(url)
    name = default_name(snapshot.source)[:_MAX_PART]
    return name, home or name


def _remotes(snapshot: Snapshot) -> Iterator[str]:
    """Addresses of the remotes, origin's first."""
    if snapshot.kind != "git":
        return
    if is_git_url(snapshot.source):
        yield snapshot.source
        return
    try:
        repository = find_repository(Path(snapshot.source))
        if repository is None:
            return
        listed = repository.run("config", "--local", "-z", "--get-regexp", r"^remote\..*\.url$")
    except (GitError, OSError, ValueError):
        return  # no remote, or no longer there
    pairs = [entry.partition("\n") for entry in listed.decode("utf-8", "replace").split("\0") if entry]
    yield from (
        url for name, _, url in sorted(pairs, key=lambda pair: (pair[0] != "remote.origin.url", pair))
    )


def _hosted(url: str, *, any_host: bool) -> tuple[str, str] | None:
    """owner_repo and the address without credentials, where it names a host, an owner and a repository."""
    found = _URL.match(url[:_MAX_CHARS]) or _SCP.match(url[:_MAX_CHARS])
    if not found:
        return None
    host, path = found.groups()[-2:]
    parts = [part for part in path.split("/") if part.strip(".~")]
    on_host = CODE_HOSTS.match(host.lower())
    if len(parts) < 2 or not (any_host or on_host) or parts[0] in NO_OWNERS:
        return None
    kept = parts if any_host else parts[:2]
    kept[-1] = kept[-1].removesuffix(".git")
    owner_repo = "_".join(name_from(part)[:_MAX_PART] for part in kept[-2:])
    return owner_repo, f"https://{host.lower()}/{'/'.join(name_from(part) for part in kept)}"


def _plain_url(url: str) -> str:
    if len(url) > _MAX_CHARS or not url.isprintable():
        return ""
    url = without_credentials(url.strip())
    return url if re.match(r"https?://[^\s<>\"'`]+\Z", url) else ""


def _by_label(urls: Mapping[str, str]) -> list[str]:
    def rank(label: str) -> int:
        plain = re.sub(r"[^a-z]", "", label.lower())
        return LABELS.index(plain) if plain in LABELS else len(LABELS)

    return [urls[label] for label in sorted(urls, key=rank)]


def _read(read: Callable[[str], dict[str, Any]], text: str) -> dict[str, str]:
    """Label to address; a file that cannot be parsed has none."""
    try:
        found = read(text)
    except (ValueError, configparser.Error, RecursionError, MemoryError):
        return {}
    return {str(label): url for label, url in found.items() if isinstance(url, str)}


def _pyproject(text: str) -> dict[str, Any]:
    loaded = tomllib.loads(text)
    project, poetry = _table(loaded, "project"), _table(_table(loaded, "tool"), "poetry")
    direct: dict[str, Any] = {key: poetry[key] for key in ("repository", "homepage") if key in poetry}
    return {**_table(project, "urls"), **_table(poetry, "urls"), **direct}


def _cargo(text: str) -> dict[str, Any]:
    package = _table(tomllib.loads(text), "package")
    return {key: package[key] for key in ("repository", "homepage") if key in package}


def _table(value: Any, name: str) -> dict[str, Any]:
    inner = value.get(name) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


def _setup_cfg(text: str) -> dict[str, Any]:
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(text)
    metadata = dict(parser["metadata"]) if parser.has_section("metadata") else {}
    urls = dict(_pairs(metadata.get("project_urls", ""), "="))
    home = metadata.get("url") or metadata.get("home_page") or metadata.get("home-page")
    return {**urls, "url": home} if home else urls


def _metadata(text: str) -> dict[str, Any]:
    """PKG-INFO of an sdist: its headers."""
    head = text.partition("\n\n")[0]
    lines = [line.partition(": ") for line in head.split("\n")]
    urls = dict(_pairs("\n".join(value for name, _, value in lines if name == "Project-URL"), ", "))
    home = [value for name, _, value in lines if name == "Home-page"]
    return {**urls, "url": home[0]} if home else urls


def _pairs(text: str, between: str) -> Iterator[tuple[str, str]]:
    for line in text.split("\n"):
        label, found, url = line.partition(between)
        if found:
            yield label.strip(), url.strip()


def _setup_py(text: str) -> dict[str, Any]:
    """Arguments of `setup(…)`: strings, module constants and dictionaries of them."""
    tree = parse_python(text)
    if isinstance(tree, str):
        return {}
    names = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found: dict[str, Any] = {}
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        for keyword in call.keywords if called == "setup" else ():
            value = names.get(keyword.value.id) if isinstance(keyword.value, ast.Name) else keyword.value
            if keyword.arg == "project_urls" and isinstance(value, ast.Dict):
                pairs = zip(value.keys, value.values, strict=True)
                found |= {_string(label): _string(url) for label, url in pairs}
            elif keyword.arg in ("url", "download_url"):
                found[keyword.arg] = _string(value)
    return found


def _string(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _package_json(text: str) -> dict[str, Any]:
    loaded = json.loads(text)
    package = loaded if isinstance(loaded, dict) else {}
    repository = package.get("repository")
    url = repository.get("url") if isinstance(repository, dict) else repository
    if isinstance(url, str) and re.match(r"(github:)?[\w.-]+/[\w.-]+\Z", url):
        url = f"https://github.com/{url.removeprefix('github:')}"
    return {"repository": url, "homepage": package.get("homepage")}


def _go_mod(text: str) -> dict[str, Any]:
    found = re.search(r"^module[ \t]+\"?([^\s\"]+)", text, re.MULTILINE)
    return {"repository": f"https://{found[1]}"} if found else {}


def _pom(text: str) -> dict[str, Any]:
    """The `scm` element's address, by text: no entity is ever expanded."""
    _, found, after = text.partition("<scm>")
    url = re.search(r"<url>([^<\s]+)</url>", after.partition("</scm>")[0]) if found else None
    return {"repository": url[1]} if url else {}


PACKAGING: dict[str, Callable[[str], dict[str, Any]]] = {
    "pyproject.toml": _pyproject, "setup.cfg": _setup_cfg, "setup.py": _setup_py, "PKG-INFO": _metadata,
    "package.json": _package_json, "Cargo.toml": _cargo, "go.mod": _go_mod, "pom.xml": _pom,
}  # fmt: skip
"""Files at the root that give addresses, in the order in which they are asked."""
