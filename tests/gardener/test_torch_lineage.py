"""Growing on from the active version, with the tiny base; trainings run in workers, as they do for users."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from codebase_gardener.adapters.files import WEIGHTS
from codebase_gardener.config.settings import Settings
from codebase_gardener.dataset.writer import load_dataset
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.growing import Grown, GrowPlan, grow
from codebase_gardener.gardener.publishing import Origin, publish_adapter
from codebase_gardener.gardener.watching import Limits, Watch
from codebase_gardener.utils.names import AdapterRef
from codebase_gardener.utils.progress import Quiet
from samples.geometry import FUNCTIONS

pytestmark = pytest.mark.slow

STILL = {"learning_rate": 1e-12, "validation_rows": 0}


def grown(gardener: Gardener, source: Path, **options: Any) -> tuple[Grown, str]:
    plans: list[GrowPlan] = []
    made = grow(gardener, str(source), Quiet(), show_plan=plans.append, **options)
    return made, plans[-1].start if plans else "no training"


@pytest.fixture(scope="module")
def garden(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Iterator[Any]:
    """A tree that was grown, changed, and grown again."""
    folder = tmp_path_factory.mktemp("lineage")
    source = folder / "geometry"
    source.mkdir()
    for name in ("square", "circle", "kite", "oval", "rhombus", "cube", "ring", "arc"):
        (source / f"{name}.py").write_text(FUNCTIONS.format(name=name))
    settings = Settings(
        home=folder / "home",
        base=str(tiny_base),
        device="cpu",
        inference_dtype="float32",
        training={"dtype": "float32", "threads": 1, "steps": 2, "r": 4, **STILL},
        min_free_bytes=0,
    )
    with Gardener(settings) as gardener:
        commit(source)
        first, _ = grown(gardener, source, options={"learning_rate": 2e-3})
        gardener.activate(first.version.ref)
        changed = source / next(row.path for row in dataset_of(gardener, first).train if row.path)
        changed.write_text(changed.read_text() + "\n\ndef edge(a):\n    b = a + 1\n    return b * a\n")
        (source / "cone.py").write_text(FUNCTIONS.format(name="cone"))
        commit(source)
        told: list[dict[str, Any]] = []
        watched = Watch(gardener, source, lambda event, line, **data: told.append({"event": event, **data}))
        replace(watched, limits=Limits(load=0.0)).once()
        replace(watched, limits=Limits(load=1e9, battery=0)).once()
        second, start = grown(gardener, source)
        yield SimpleNamespace(
            gardener=gardener, source=source, first=first, second=second, start=start, told=told
        )


def commit(source: Path) -> None:
    who = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "more")):
        subprocess.run(["git", *who, *words], cwd=source, check=True)


def dataset_of(gardener: Gardener, one: Grown) -> Any:
    return load_dataset(gardener.heldout_dataset(one.version))


def test_a_changed_tree_goes_on_from_the_active_version(garden: Any) -> None:
    parent, child = garden.first.version, garden.second.version
    assert garden.start.startswith(f"goes on from {parent.ref} ({parent.commit})")
    assert parent.lineage is None
    assert child.lineage["parent"] == str(parent.ref)
    assert child.lineage["weights"] == parent.files[WEIGHTS]["sha256"]
    assert (child.lineage["new_files"], child.lineage["changed_files"]) == (1, 1)
    assert 0 < child.lineage["new_rows"] < len(dataset_of(garden.gardener, garden.second).train)
    (proof,) = (one for one in garden.gardener.registry.receipts(child) if one.kind == "proof")
    assert proof.data["grown_from"].startswith(f"{parent.ref} ")


def test_watch_refreshes_at_once_and_grows_when_the_machine_is_idle(garden: Any) -> None:
    assert [one["event"] for one in garden.told] == ["refreshed", "waiting", "refreshed", "adapter"]
    assert garden.told[0]["made"] == ["snapshot", "wiki", "index", "memory"]
    assert garden.told[-1]["adapter"] == str(garden.second.version.ref)
    assert garden.second.was_there  # the tree that lies there is that of the commit


def test_the_first_question_finds_the_graph_made(garden: Any) -> None:
    wiki = garden.gardener.wiki(garden.second.version.project)
    assert [one.name for one in wiki.paths.graphs.glob(f"{wiki.source.latest_id}-*")] != []


def test_nothing_that_the_parent_was_trained_on_is_held_out(garden: Any) -> None:
    before, after = (dataset_of(garden.gardener, one) for one in (garden.first, garden.second))
    assert after.before == before.taught
    assert not {row.path for row in before.train} & set(after.report.heldout_files)


def test_the_verdict_has_the_parent_as_a_further_arm(garden: Any) -> None:
    """With the same weights the two measure the same, on what changed and on what did not."""
    verdict = garden.second.verdict
    assert verdict["parent"]["name"] == str(garden.first.version.ref)
    assert verdict["parent"]["word"] == "unchanged"
    own, arm = verdict["arms"]["adapter + retrieval"], verdict["parent"]["arm"]
    assert arm["nats_per_token"] == pytest.approx(own["nats_per_token"], abs=1e-5)
    assert verdict["parent"]["parts"]["all"]["functions"] == arm["functions"] == own["functions"]
    assert garden.second.version.active


def test_the_same_tree_again_trains_nothing(garden: Any) -> None:
    jobs = garden.gardener.registry.jobs()
    again, _ = grown(garden.gardener, garden.source)
    assert (again.version.ref, again.was_there) == (garden.second.version.ref, True)
    assert garden.gardener.registry.jobs() == jobs


def test_its_first_weights_are_the_parents(garden: Any) -> None:
    """Trained with a rate of nearly nothing: what is published is what it began with."""
    own, parent = (load_file(one.version.directory / WEIGHTS) for one in (garden.second, garden.first))
    assert max(float((own[name] - parent[name]).abs().max()) for name in parent) < 1e-6
    assert max(float(value.abs().max()) for name, value in own.items() if "lora_B" in name) > 1e-6


@pytest.mark.parametrize(
    ("options", "why"),
    [({"options": {"r": 2}}, "r is 2 now, and was 4"), ({"fresh": True}, "")],
)
def test_it_begins_from_nothing_where_it_has_to_and_says_why(
    garden: Any, options: dict[str, Any], why: str
) -> None:
    garden.gardener.activate(garden.first.version.ref)

    def stop(plan: GrowPlan) -> None:
        assert plan.start == (f"from nothing: {garden.first.version.ref}: {why}" if why else "")
        raise InterruptedError

    with pytest.raises(InterruptedError):
        grow(garden.gardener, str(garden.source), Quiet(), show_plan=stop, **options)


def test_what_is_worse_than_its_parent_never_becomes_active(garden: Any) -> None:
    """The child with its weights turned round: published as a generation more, then measured."""
    gardener, parent = garden.gardener, garden.second.version
    gardener.activate(parent.ref)

    def ruin(target: Path) -> None:
        shutil.copytree(parent.directory, target, dirs_exist_ok=True, ignore=lambda *_: ["manifest.json"])
        weights = load_file(target / WEIGHTS)
        save_file(
            {name: -9 * value if "lora_B" in name else value for name, value in weights.items()},
            target / WEIGHTS,
        )

    origin = Origin(
        gardener.base(),
        parent.spec,
        parent.dataset_hash,
        parent.commit,
        parent.snapshot_id,
        lineage={"parent": str(parent.ref), "weights": parent.files[WEIGHTS]["sha256"]},
    )
    ruined = publish_adapter(gardener, AdapterRef("geometry", "default"), ruin, origin)
    verdict = gardener.evaluate(ruined.ref, limit=32)
    assert verdict.data["parent"]["word"] == "worse"
    assert not gardener.version(ruined.ref).active
    assert gardener.version(parent.ref).active
    gardener.activate(ruined.ref)
    gardener.evaluate(ruined.ref, limit=32)
    assert gardener.version(parent.ref).active
