from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from codebase_gardener.knowledge.sources.identity import identity
from codebase_gardener.repository.snapshot import Snapshot, SourceFile, take_snapshot


def snapshot(files: dict[str, str], source: str = "/x/kiln-1.2.0.tar.gz", kind: str = "sdist") -> Snapshot:
    sources = tuple(SourceFile(path, "text", "", text) for path, text in files.items())
    return Snapshot("", source, kind, None, "", False, "", sources, ())


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("setup.py", "import setuptools\nsetuptools.setup(url='https://github.com/acme/kiln')"),
        ("setup.py", "U = 'https://github.com/acme/kiln/'\nsetup(name='x', url=U)"),
        (
            "setup.py",
            "setup(url='https://kiln.example', project_urls={'Source': 'https://github.com/acme/kiln'})",
        ),
        ("setup.py", "setup(download_url='https://github.com/acme/kiln/archive/1.tar.gz')"),
        ("pyproject.toml", "[project.urls]\nDocs='https://x.org'\nSource = 'https://github.com/acme/kiln'"),
        ("pyproject.toml", "[project.urls]\nTracker = 'https://github.com/acme/kiln/issues'"),
        (
            "pyproject.toml",
            "[project.urls]\nDonate='https://github.com/sponsors/me'\nHomepage='https://github.com/acme/kiln'",
        ),
        ("pyproject.toml", "[tool.poetry]\nrepository = 'https://github.com/acme/kiln.git'"),
        ("setup.cfg", "[metadata]\nproject_urls =\n    Source Code = https://github.com/acme/kiln/\n"),
        ("setup.cfg", "[metadata]\nurl = https://user:secret@github.com/acme/kiln"),
        ("package.json", '{"repository": "acme/kiln"}'),
        ("package.json", '{"repository": {"url": "git+https://github.com/acme/kiln.git"}}'),
        ("Cargo.toml", "[package]\nrepository = 'https://github.com/acme/kiln'"),
        ("go.mod", "// x\nmodule github.com/acme/kiln/v2\n"),
        ("pom.xml", "<project><scm><url>https://github.com/acme/kiln</url></scm></project>"),
    ],
)
def test_packaging_files_name_the_repository(path: str, text: str) -> None:
    assert identity(snapshot({path: text})) == ("acme_kiln", "https://github.com/acme/kiln")


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"setup.py": "def ("},
        {"setup.py": "setup(url=open('/etc/passwd').read(), project_urls=5)"},
        {"setup.py": "setup(project_urls={**x, 'Source': y})"},
        {"pyproject.toml": "[project]\nurls = 3"},
        {"pyproject.toml": "a = " + "[" * 100_000},
        {"pyproject.toml": "[project.urls]\nSource = ['x']"},
        {"package.json": "[" * 100_000},
        {"package.json": '{"repository": 3}'},
        {"setup.cfg": "no section\n"},
        {"setup.cfg": "[metadata]\nurl = %(url)s"},
        {"pyproject.toml": "[project.urls]\nSource = 'http://[[x]] y'"},
        {"sub/setup.py": "setup(url='https://github.com/other/one')"},
    ],
)
def test_without_an_address_the_folder_names_it(files: dict[str, str]) -> None:
    assert identity(snapshot(files)) == ("kiln", "kiln")


def test_a_home_page_is_told_but_names_no_owner() -> None:
    assert identity(snapshot({"setup.py": "setup(url='https://kiln.example/')"})) == (
        "kiln",
        "https://kiln.example/",
    )


def test_an_address_that_leads_nowhere_names_no_owner() -> None:
    assert identity(snapshot({"setup.py": "setup(url='https://github.com/../..')"}))[0] == "kiln"


def test_hostile_values_are_cut_to_a_name() -> None:
    url = "https://github.com/a]]$(id)/" + "k|" * 90
    owner_repo, repo = identity(snapshot({"setup.py": f"setup(url={url!r})"}))
    assert owner_repo == "a-id_" + ("k-" * 25)
    assert "|" not in repo and "]" not in repo


@pytest.mark.parametrize(
    "remote",
    [
        "https://me:token@github.com/acme/kiln.git",
        "git@github.com:acme/kiln.git",
        "ssh://git@github.com:22/acme/kiln",
    ],
)
def test_a_git_remote_comes_first(tmp_path: Path, remote: str) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "remote", "add", "mirror", "https://example.org/x/y")
    git(tmp_path, "remote", "add", "origin", remote)
    (tmp_path / "setup.py").write_text("setup(url='https://github.com/other/one')")
    git(tmp_path, "add", "-A")
    assert identity(take_snapshot(str(tmp_path))) == ("acme_kiln", "https://github.com/acme/kiln")


def test_a_local_remote_and_none_fall_through(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "setup.py").write_text("setup(url='https://github.com/other/one')")
    git(tmp_path, "add", "-A")
    assert identity(take_snapshot(str(tmp_path)))[0] == "other_one"
    git(tmp_path, "remote", "add", "origin", str(tmp_path / "secret" / "place"))
    assert identity(take_snapshot(str(tmp_path)))[0] == "other_one"


def test_a_url_as_source_names_it() -> None:
    assert identity(snapshot({}, "https://gitlab.com/group/sub/kiln.git", "git")) == (
        "sub_kiln",
        "https://gitlab.com/group/sub/kiln",
    )


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)
