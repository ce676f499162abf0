"""benchmarks/scale.py: what comes in comes out or is still there, nobody works more than all the time, seeds decide."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def scale(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    import scale

    return scale


def figures(scale: ModuleType, **others: float) -> dict[str, float]:
    return {**{name: one.value for name, one in scale.FIGURES.items()}, **others}


def test_no_repository_is_lost_and_no_node_works_more_than_all_day(scale: ModuleType) -> None:
    load = scale.Load(repositories=600)
    for trainers in (1, 2, 50):
        found = scale.simulate_fleet(load, scale.Cluster(trainers=trainers), days=2, seed=3)
        assert found.due == found.grown + found.under_way + found.waiting == 1_200
        assert 0 < found.utilisation <= 1 + 1e-9  # sums of floats
        assert found.under_way <= trainers
    assert found.waiting == 0, "fifty nodes have room"
    assert found.wait_p99_s == 0


def test_two_nodes_take_half_the_time_of_one(scale: ModuleType) -> None:
    plain = figures(scale, grow_s=10, grow_spread=0, place_s=2)
    took = [
        scale.simulate_fleet(
            scale.Load(repositories=20), scale.Cluster(n, figures=plain), at_once=True
        ).makespan_s
        for n in (1, 2)
    ]
    assert took == pytest.approx([240, 120])


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("replicas", [4, 60])
def test_no_request_is_lost(scale: ModuleType, replicas: int, affine: bool) -> None:
    """Also where four replicas have far too much to do."""
    load = scale.Load(adapters=2_000, requests_per_s=100)
    cluster = scale.Cluster(replicas=replicas, figures=figures(scale, answer_s=6.0))
    run = scale.Serving(load, cluster, seconds=40, warm_s=10, seed=1, affine=affine)
    found = run.run()
    assert found.arrived == found.answered + found.in_flight
    assert found.arrived == pytest.approx(4_000, rel=0.1)
    assert sum(replica.ongoing for replica in run.replicas) <= found.in_flight, "others are being looked up"
    assert found.from_memory + found.from_disk + found.from_store == pytest.approx(1)
    assert 0 < found.utilisation <= 1 + 1e-9  # sums of floats
    assert 0 <= found.registry_utilisation <= 1
    assert 0 <= found.store_utilisation <= 1
    assert found.answered_per_s <= replicas * 16 / 6.0 * 1.01
    for number, replica in enumerate(run.replicas):
        assert len(replica.memory) <= replica.in_memory
        held = {adapter for adapter, holders in run.holders.items() if number in holders.rows}
        assert held == set(replica.memory), "who is said to hold it does"


def test_a_replica_that_holds_the_adapter_answers_more_often_from_memory(scale: ModuleType) -> None:
    load = scale.Load(adapters=2_000, requests_per_s=30)
    cluster = scale.Cluster(replicas=16)
    affine, chance = (
        scale.simulate_serving(load, cluster, seconds=60, warm_s=20, affine=way).from_memory
        for way in (True, False)
    )
    assert affine > chance + 0.2


def test_the_same_seed_gives_the_same_and_another_another(scale: ModuleType) -> None:
    load, cluster = scale.Load(adapters=500, requests_per_s=20), scale.Cluster(replicas=10)
    runs = [scale.simulate_serving(load, cluster, seconds=20, warm_s=5, seed=seed) for seed in (4, 4, 5)]
    assert runs[0] == runs[1] != runs[2]


def test_what_all_share_breaks_where_it_is_used_up(scale: ModuleType) -> None:
    load = scale.Load()
    plain = figures(scale)
    rows = scale.limits(load, plain)
    assert [row["utilisation"] for row in rows] == sorted((row["utilisation"] for row in rows), reverse=True)
    first = rows[0]
    slower = replace(load, requests_per_s=load.requests_per_s * first["breaks_at"], repositories=1)
    again = next(row for row in scale.limits(slower, plain) if row["what"] == first["what"])
    assert again["utilisation"] == pytest.approx(1)


def test_a_registry_that_is_used_up_keeps_requests_waiting(scale: ModuleType) -> None:
    load = scale.Load(adapters=100, requests_per_s=50)
    cluster = scale.Cluster(replicas=30, lookup_s=1.0, figures=figures(scale, registry_cores=4))
    found = scale.simulate_serving(load, cluster, seconds=30, warm_s=10)
    assert found.registry_utilisation == pytest.approx(1, abs=0.02)
    assert found.answered_per_s == pytest.approx(4, rel=0.2), "as many as the registry names"
    assert found.took_mean_s > 5


def test_the_page_has_every_figure_that_it_is_fed_with(scale: ModuleType) -> None:
    page = (BENCHMARKS.parent / "docs" / "scale.md").read_text("utf-8")
    assert [row for row in scale.figure_rows() if row not in page] == []
