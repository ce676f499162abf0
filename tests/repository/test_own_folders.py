"""Which folders named `vendor` or `dist` are the repository's own."""

import pytest

from codebase_gardener.repository.own_folders import own_folders
from codebase_gardener.repository.snapshot import take_snapshot

from .conftest import Repo


@pytest.mark.parametrize(
    ("folder", "importer", "text"),
    [
        ("shop/vendor/", "shop/a.py", "from .vendor import rate"),
        ("shop/vendor/", "shop/a.py", "from . import vendor"),
        ("shop/vendor/", "shop/deep/a.py", "def f():\n    from ..vendor.rate import rates"),
        ("src/shop/vendor/", "tests/test_a.py", "import shop.vendor.rate as r"),
        ("src/shop/dist/", "src/shop/a.py", "from shop import dist"),
        ("packages/one/shop/dist/", "packages/one/shop/a.py", "from shop.dist.rate import r"),
        ("vendor/", "main.py", "import vendor.rate"),
        ("src/virtualenv/", "tests/test_a.py", "from virtualenv import run"),
        ("src/main/java/com/shop/vendor/", "src/main/java/com/shop/A.java",
         "package com.shop;\nimport com.shop.vendor.Rate;\nclass A {}"),
        ("internal/dist/", "main.go", 'package main\nimport "example.com/shop/internal/dist"\n'),
        ("shop/vendor/", "shop/a.py", "type Rate = int\nfrom .vendor import rate"),
    ],
)  # fmt: skip
def test_a_folder_that_is_imported_by_its_package_path_is_kept(folder: str, importer: str, text: str) -> None:
    assert own_folders({folder: [f"{folder}rate.py"]}, [(importer, text)]) == {folder}


@pytest.mark.parametrize(
    ("folder", "importer", "text"),
    [
        ("shop/vendor/", "shop/a.py", "from .vendors import rate  # vendor"),
        ("shop/vendor/", "other/a.py", "from .vendor import rate"),
        ("shop/vendor/", "shop/a.py", "vendor = 'shop.vendor'"),
        ("shop/vendor/", "shop/a.py", "from elsewhere.shop2.vendor import rate"),
        ("web/vendor/", "shop/a.py", "import vendor"),
        ("shop/_vendor/", "shop/a.py", "from ._vendor import rate"),
        ("third_party/", "a.py", "import third_party.rate"),
        ("vendor/", "main.go", 'package main\nimport "example.com/rate"\n// vendor\n'),
        ("dist/", "bin/a.js", "import x from '../dist/a.js'"),
        ("packages/foo/dist/", "packages/bar/a.ts", "import x from 'foo/dist/a'"),
    ],
)
def test_others_stay_left_out(folder: str, importer: str, text: str) -> None:
    assert own_folders({folder: [f"{folder}rate.py"]}, [(importer, text)]) == set()


@pytest.mark.parametrize("name", ["LICENSE", "rate/LICENCE.txt", "COPYING", "vendor.txt", "pyvenv.cfg"])
def test_what_comes_with_a_licence_of_its_own_is_somebody_elses(name: str) -> None:
    paths = ["shop/vendor/rate.py", f"shop/vendor/{name}"]
    assert own_folders({"shop/vendor/": paths}, [("shop/a.py", "from .vendor import rate")]) == set()


def test_a_snapshot_keeps_its_own_folders(repo: Repo) -> None:
    repo.write("shop/__init__.py", "from shop.vendor.rate import rates\n")
    repo.write("shop/vendor/rate.py", "def rates(): ...\n")
    repo.write("shop/vendor/node_modules/a.py", "x = 1\n")
    repo.write("shop/dist/made.py", "y = 1\n")
    repo.commit()
    for revision in (None, "HEAD"):
        taken = take_snapshot(str(repo.root), revision=revision)
        assert [file.path for file in taken.files] == ["shop/__init__.py", "shop/vendor/rate.py"]
        assert {file.path: file.reason for file in taken.skipped} == {
            "shop/dist/": "built directory, 1 file; no code of the repository imports it",
            "shop/vendor/node_modules/": "vendored directory, 1 file",
        }


def test_a_folder_that_is_no_git_repository_keeps_them_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("plain")
    (root / "shop/vendor").mkdir(parents=True)
    (root / "shop/__init__.py").write_text("from .vendor import rate\n")
    (root / "shop/vendor/rate.py").write_text("x = 1\n")
    assert [file.path for file in take_snapshot(str(root)).files] == [
        "shop/__init__.py",
        "shop/vendor/rate.py",
    ]


def test_a_package_of_built_files_alone_is_what_there_is_to_read() -> None:
    folders = {"dist/": ["dist/queue.js"], "vendor/": ["vendor/rate.js"], "web/dist/": ["web/dist/a.js"]}
    papers = [("package.json", "{}"), ("readme.md", "# Queue\n")]
    assert own_folders(folders, papers) == {"dist/"}
    assert own_folders(folders, [*papers, ("source/queue.ts", "export class Queue {}")]) == set()
