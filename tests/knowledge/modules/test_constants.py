"""Which constants of a module others may use."""

from __future__ import annotations

from codebase_gardener.knowledge.modules.constants import Constants
from samples.written_context import context_of


def test_public_ones_registries_and_private_ones_that_another_file_imports() -> None:
    files = {
        "pot/__init__.py": "from . import a, b, c\nOPEN = 1\n_ALL = [a.x, b.x, c.x]\n_near = 1\n_far = 2\n_odd = 3\n",
        "pot/core.py": "from . import _far\nfrom other import _odd\n",
    }
    found = Constants(context_of(files)).of_files(["pot/__init__.py"])
    assert [one.name for one in found] == ["OPEN", "_ALL", "_far"]
