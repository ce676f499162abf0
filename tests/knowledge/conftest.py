"""A small shop, with two files of one name, a property with a setter, definitions under `if`, and a Go server."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.knowledge.claims.forms import read_claims
from codebase_gardener.knowledge.claims.judging import judge_claims
from codebase_gardener.knowledge.claims.sources import ClaimSources
from codebase_gardener.repository.snapshot import take_snapshot
from samples.claim_verdicts import Judge

CART = '''\
"""Cart."""
import os
from shop.pay.model import charge_card


class Base:
    def clear(self):
        self.items = []


@register
class Cart(Base):
    limit: int = 3

    def __init__(self, owner, max_items=5):
        self.owner = owner

    @property
    def total(self):
        return sum(self.items)

    @total.setter
    def total(self, value):
        # never set the total by hand: it is
        # computed from the items
        raise AttributeError(
            "the total of a cart is computed "
            "from its items only"
        )

    def add_item(self, item):
        charge_card(item)
        return item


if os.name == "nt":
    def open_file(p):
        return p
else:
    def open_file(p):
        return open(p)
'''
PAY = '''\
class Card:
    def pay(self):
        return 1


def charge_card(item):
    """Charge."""
    return item


def clear():
    return None
'''
RATES = """\
RATES = {
    "a": 1,
    "b": 2,
}


def rate(name):
    return RATES[name]
"""
SERVER = """\
package main

// Server serves.
type Server struct {
	port int
}

func (s *Server) Serve() error {
	return nil
}
"""


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("claims") / "shop-1.2"
    for path, text in {
        "src/shop/__init__.py": "",
        "src/shop/cart/model.py": CART,
        "src/shop/pay/model.py": PAY,
        "src/shop/rates.py": RATES,
        "src/shop/broken.py": "def f(:\n",
        "server.go": SERVER,
        "vendor/lib/old.py": "def vendored():\n    return 1\n",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


@pytest.fixture(scope="session")
def judge(shop: Path) -> Judge:
    """Markdown → its verdicts."""
    sources = ClaimSources(take_snapshot(str(shop)))
    return lambda text: judge_claims(read_claims(text), sources, document="doc.md")
