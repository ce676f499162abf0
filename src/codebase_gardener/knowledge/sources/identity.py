"""What a repository is called: from its git remote, else its packaging files, else its folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from codebase_gardener.manifests.table import root_manifests
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
    home = ""
    for manifest in root_manifests({file.path: file.text for file in snapshot.files}):
        for url in _by_label(manifest.urls):
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


def _by_label(urls: Iterable[tuple[str, str]]) -> list[str]:
    def rank(label: str) -> int:
        plain = re.sub(r"[^a-z]", "", label.lower())
        return LABELS.index(plain) if plain in LABELS else len(LABELS)

    return [url for _, url in sorted(urls, key=lambda pair: rank(pair[0]))]
