"""Documents of older versions."""

from __future__ import annotations

import pytest

from codebase_gardener.repository.older import older_documents


@pytest.mark.parametrize(
    ("older", "others"),
    [
        (["docs/v1/a.md", "docs/v2/a.md"], ["docs/v10/a.md", "docs/a.md"]),
        (["packages/docs-v3/a.md", "packages/docs-v3/blog/b.md"], ["packages/docs/a.mdx"]),
        (["versioned_docs/version-1.x/a.md", "versioned_docs/version-2.0/a.md"], ["docs/a.md"]),
        (["site/1.2/a.md", "site/1.10/a.md"], ["site/2.0/a.md"]),
        (["guide_v1/a.rst"], ["guide_v2/a.rst", "other_v3/a.rst"]),
    ],
)
def test_a_newer_version_stands_beside_it(older: list[str], others: list[str]) -> None:
    assert older_documents([*older, *others]) == set(older)


@pytest.mark.parametrize(
    "documents",
    [
        ["docs/v1/a.md", "docs/a.md"],  # the only version
        ["docs/chapter-1/a.md", "docs/chapter-2/a.md"],
        ["docs/python3.8/a.md", "docs/python3.9/a.md"],
        ["docs/2/a.md", "docs/10/a.md"],
        ["docs/v1.md", "docs/v2.md"],
    ],
)
def test_what_is_none(documents: list[str]) -> None:
    assert older_documents(documents) == set()
