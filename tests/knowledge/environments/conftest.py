"""The repository that Environment pages are written of."""

from __future__ import annotations

import pytest

from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from samples.environments import REPOSITORY, repository


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> RepositoryFacts:
    return repository(tmp_path_factory.mktemp("repository"), REPOSITORY)
