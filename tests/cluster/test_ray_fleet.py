"""A fleet on two nodes: each grows one, what fails stops no other, and only that is due afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.cluster.local import LocalCluster
from codebase_gardener.cluster.placing import on_cluster
from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.fleet import Outcome, due_of, run_fleet
from codebase_gardener.gardener.fleet_file import FleetEntry
from codebase_gardener.jobs.placement import is_placed
from samples.geometry import FUNCTIONS


class Watched:
    """Notes what it is told, from wherever."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.at_times: set[str] = set()
        self.ends: list[str] = []

    def began(self, name: str) -> None:
        self.begun.append(name)

    def at(self, name: str, words: str) -> None:
        self.at_times.add(name)

    def said(self, name: str, message: str) -> None:
        pass

    def ended(self, outcome: Outcome) -> None:
        self.ends.append(outcome.name)


@pytest.mark.slow
def test_two_nodes_share_a_fleet_that_comes_from_outside(
    cluster: tuple[Settings, LocalCluster], tmp_path: Path
) -> None:
    settings, local = cluster
    entries = []
    for name in ("fleet-kite", "fleet-oval"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "shape.py").write_text(FUNCTIONS.format(name=name[6:]))
        entries.append(FleetEntry(name, str(tmp_path / name), options={"max_length": 512, "steps": 2}))
    entries.append(FleetEntry("fleet-gone", str(tmp_path / "missing")))
    entries.append(FleetEntry("fleet-secret", "https://me:s3cret@example.org/a.git"))
    watched = Watched()
    with Gardener(settings) as gardener, on_cluster(settings, local.client):
        from codebase_gardener.cluster.ray_fleet import grow_on_ray

        outcomes = {one.name: one for one in run_fleet(gardener, entries, watched, grow_on_ray(settings))}
        assert [outcomes[one.name].error for one in entries[:2]] == ["", ""]
        assert [outcomes[one.name].adapter for one in entries[:2]] == [
            "fleet-kite/default@1",
            "fleet-oval/default@1",
        ]
        assert {outcomes[one.name].node for one in entries[:2]} == {"node-1", "node-2"}
        assert (outcomes["fleet-gone"].state, outcomes["fleet-gone"].exit_code) == ("failed", 5)
        assert "would pass through Ray" in outcomes["fleet-secret"].error
        assert "s3cret" not in str(outcomes)
        assert [row.why for row in due_of(gardener, entries)] == ["", "", "failed", "failed"]
        placed = [job.state for job in gardener.registry.jobs("fleet-kite") if is_placed(job.device)]
        assert placed == ["ready"], "the node that grew it has trained it, too"
    assert set(watched.begun) >= {"fleet-kite", "fleet-oval"}
    assert sorted(watched.ends) == sorted(one.name for one in entries)
