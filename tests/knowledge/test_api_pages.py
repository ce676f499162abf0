"""Which APIs have a Principle of their own: steps of workflows always, others only where it would say something."""

from __future__ import annotations

from codebase_gardener.knowledge.building import build
from codebase_gardener.utils.progress import Quiet
from samples.written_context import context_of

BODY = "def boil():\n    return 1\n\n\ndef pour(water=None):\n    return 1\n\n\ndef scrub():\n    return 1\n"
README = """
# Pot

Cooks.

## Cooking soups

```python
from pot import boil, pour
water = boil()
pour(water)
```
"""
FILES = {
    "pot/__init__.py": f'__all__ = ["boil", "pour", "scrub"]\n\n\n{BODY}',
    "README.md": README,
    "tests/test_pot.py": "from pot import scrub\n\n\ndef test_scrub():\n    assert scrub() == 1\n",
}


def test_a_step_keeps_its_principle_and_what_says_nothing_is_a_section() -> None:
    built = build(context_of(FILES).repository, Quiet())
    assert built.findings == ()
    made = {page.title: page for page in built.pages if page.type == "Implementation"}
    led = {edge.target for page in built.pages if page.type == "Principle" for edge in page.edges}
    assert {title for title, page in made.items() if page.id in led} == {"boil", "pour"}
    assert "scrub" in made
    assert made["scrub"].sections[-1].heading == "Theoretical Basis"
