"""Which definitions need a backend."""

from __future__ import annotations

from codebase_gardener.knowledge.environments.gates import required_environments
from codebase_gardener.knowledge.links.resolution import Resolution
from codebase_gardener.knowledge.links.uses import Target, Use
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from samples.environments import pages_of


def test_gates(facts: RepositoryFacts) -> None:
    pages = pages_of(facts)
    assert pages["QUIP"].gates == (Target("src/kit/quip.py", "dispatch"),)
    assert pages["Bitsandbytes"].gates == (
        Target("src/kit/bnb.py", "Linear4bit"), Target("src/kit/bnb.py", "Linear4bit.merge"),
    )  # fmt: skip
    assert pages["LoFT"].gates == (
        Target("src/kit/config.py", "Config.check"), Target("src/kit/loft_utils.py", "table"),
    )  # fmt: skip


def test_what_an_api_requires(facts: RepositoryFacts) -> None:
    pages = pages_of(facts)
    bnb = "src/kit/bnb.py"
    merge, plain, user = Target(bnb, "Linear4bit.merge"), Target(bnb, "plain"), Target("src/kit/a.py", "user")
    between = Target("src/kit/a.py", "between")

    def use(target: Target, scope: str) -> Use:
        return Use(target, "src/kit/a.py", 1, 1, scope, "call", "import")

    callers = {merge: (use(merge, "between"),), between: (use(between, "user"),)}
    resolution = Resolution((), callers, {}, {}, 0, 0)
    outside = Target("", "transformers.BitsAndBytesConfig")
    config = Target("src/kit/config.py", "Config")
    required = required_environments([merge, plain, user, outside, config], list(pages.values()), resolution)
    names = {target: [one.page.title for one in required[target]] for target in required}
    assert names == {
        merge: ["Core Environment", "Bitsandbytes Environment"],
        plain: ["Core Environment"],
        user: ["Core Environment", "Bitsandbytes Environment"],
        outside: ["Core Environment", "Bitsandbytes Environment"],
        config: ["Core Environment", "LoFT Environment"],
    }
