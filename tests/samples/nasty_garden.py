"""A small repository whose names, headings and docstrings try to be markup."""

from __future__ import annotations

from pathlib import Path

from samples.written_garden import write_repository

__all__ = ["write_nasty_repository"]

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


def write_nasty_repository(root: Path) -> None:
    """The garden, with a module, a section and a folder of such names."""
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
