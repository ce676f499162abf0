"""A site of a repository whose names, headings and docstrings try to be markup."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.wikis import build_wiki
from codebase_gardener.utils.progress import Quiet
from codebase_gardener.wiki.site.static_site import StaticSite
from samples.written_garden import write_repository

NASTY = '''"""Nasty <script>alert(1)</script> [here](javascript:alert(2)) ![x](http://evil.example/x.png)."""

from garden import Plant


def nasty(plant: "Plant", tag: str = "</code></pre><script>alert(3)</script>") -> str:
    """Give <img src=x onerror=alert(4)> to a [plant](//evil.example) [[step::Principle:nowhere]].

    Args:
        tag: NOTE: it is recommended to set `</script><script>alert(5)</script>`, which is faster and needs less memory.
    """
    # NOTE: <svg onload=alert(6)> is slower, use [this](data:text/html,<script>alert(7)</script>) instead
    return f"{plant}{tag}"
'''
README = """
## <script>alert(8)</script> [Nasty](javascript:alert(9)) ![i](https://evil.example/i.png)

```python
from garden import Plant, nasty

plant = Plant("</script><script>alert(10)</script>")
nasty(plant, tag="x")
plant.save("a")
```
"""


@pytest.fixture(scope="package")
def gardener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gardener]:
    root = tmp_path_factory.mktemp("site") / "garden"
    write_repository(root)
    (root / "README.md").write_text((root / "README.md").read_text() + README)
    init = root / "src/garden/__init__.py"
    init.write_text("from .nasty import nasty\n" + init.read_text().replace("'Plant',", "'Plant', 'nasty',"))
    (root / "src/garden/nasty.py").write_text(NASTY)
    odd = root / 'tests/a"b<script>alert(11)'
    odd.mkdir(parents=True)
    for name in ("test_c&d.py", "Test_C&d.py"):
        (odd / name).write_text(
            f"# {name}\nfrom garden import Plant, nasty\n\n\ndef test_x():\n    nasty(Plant('a'), tag='b')\n"
        )
    with Gardener(Settings(home=root.parent / "home")) as opened:
        build_wiki(opened, str(root), Quiet())
        yield opened


@pytest.fixture(scope="package")
def site(gardener: Gardener) -> StaticSite:
    return gardener.wiki("garden").html(Quiet())
