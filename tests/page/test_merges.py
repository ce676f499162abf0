"""Merges from the page: the form, its refusals, and the two processes on real adapters."""

from __future__ import annotations

import html
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from httpx2 import Response
from playwright.sync_api import Browser, expect
from starlette.testclient import TestClient

from codebase_gardener.bases.resolution import Base
from codebase_gardener.merging.merge import MergeInput, MergePrediction, MergeSpec
from codebase_gardener.registry.rows import ImportedAdapter, Publication
from codebase_gardener.utils.error_handling import AdapterError
from codebase_gardener.utils.files import FileLock, make_folder, publish_dir, write_json
from samples.browser import SIZES, check_view
from samples.tiny_adapters import Trained

from .conftest import LEFT_OUT, Home, asked, served, tab, token_in

HOSTILE = "<img src=x onerror=alert(1)>{{ 7*7 }}"
OWN = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}
FORM = {"a0": "garden", "a1": "forest/oak@1", "w1": "0.5", "method": "svd", "into": "garden/both"}
REPORT = {"error": 0.25, "modules": {"base_model.model.q_proj": {"rank": 2, "error": 0.5}}}


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, TestClient]]:
    with asked(tmp_path_factory.mktemp("merges") / "home") as (home, client):
        seed(home)
        yield home, client


def seed(home: Home) -> None:
    for project, adapter in (("garden", "default"), ("forest", "oak")):
        home.gardener.registry.add_project(project, f"/src/{project}", "git")
        home.version(project, adapter, active=True)


def sent(client: TestClient, address: str = "/page/merge", **fields: str) -> Response:
    token = token_in(client.get("/page/merge"))
    return client.post(address, data={"token": token, **fields}, headers=OWN)


def merge_in(home: Home, name: str = "20260101-000000-00000000", **said: object) -> Path:
    """A merge as it is kept after its processes have ended; `trial`, `written`: what they printed."""
    folder = home.gardener.settings.home / "runs" / "merge" / name
    make_folder(folder)
    fields = {f"{kind}{i}": "" for i in range(4) for kind in "aw"} | {"rank": "", "density": ""}
    write_json(folder / "asked.json", {**fields, **FORM, "a0": "garden/default@1"})
    for process, text in said.items():
        (folder / process).mkdir()
        (folder / process / "said.json").write_text(text if isinstance(text, str) else json.dumps(text))
    return folder


def test_the_form_is_in_the_address_and_knows_the_adapters(seeded: tuple[Home, TestClient]) -> None:
    page = seeded[1].get("/page/merge", params={**FORM, "method": "ties", "w0": HOSTILE, "x": HOSTILE}).text
    assert 'name="a1" value="forest/oak@1"' in page
    assert '<option value="ties" selected>' in page
    assert f'name="w0" value="{html.escape(HOSTILE)}"' in page
    assert '<option value="garden/default@1">smollm2-135m, active</option>' in page
    assert "<img" not in page
    project = seeded[1].get("/page/projects/garden").text
    assert 'href="/page/merge?a0=garden&amp;into=garden%2Fmerged">Merge<' in project


def test_with_one_adapter_it_says_so_and_what_to_do(tmp_path: Path) -> None:
    with asked(tmp_path / "home") as (home, client):
        page = client.get("/page/merge").text
        assert "There is no adapter yet, and a merge takes two" in page
        assert 'name="a0"' not in page
        home.gardener.registry.add_project("garden", "/src/garden", "git")
        home.version("garden", active=True)
        page = client.get("/page/merge").text
        assert "There is only one adapter, garden/default@1, and a merge takes two" in page
        assert 'What to do: <a href="/page/grow">grow a project</a> on smollm2-135m' in page
        assert 'name="a0"' not in page
        home.version("garden")
        page = client.get("/page/merge").text
        assert "What to do" not in page
        assert 'name="a0"' in page
        assert (
            "ties_svd: the sum of the largest entries, where their signs agree; as large as the largest"
            in page
        )


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"a1": ""}, "needs two adapters"), ({"a1": "garden/default@1"}, "given twice"), ({"a1": "forest/elm"}, "elm"),
     ({"a1": HOSTILE}, "project name"), ({"w0": "half"}, "is no number"), ({"w0": "0"}, "other than 0"),
     ({"w0": "nan"}, "is no number"), ({"w0": "1,1"}, "is no number"), ({"rank": "-1"}, "whole number"),
     ({"rank": "0"}, "whole number"), ({"rank": "1.5"}, "whole number"), ({"rank": "9" * 5000}, "whole number"),
     ({"density": "0"}, "share"), ({"density": "-1"}, "share"), ({"density": HOSTILE}, "is no number"),
     ({"method": HOSTILE}, "no merge method"), ({"method": ""}, "choose from"), ({"into": ""}, "project name"),
     ({"into": "garden"}, "given out"), ({"into": "garden/both@1"}, "given out"),
     ({"into": "--help/x"}, "project name")],
)  # fmt: skip
def test_what_cannot_be_right_begins_nothing_and_is_told(
    seeded: tuple[Home, TestClient], fields: Mapping[str, str], words: str
) -> None:
    home, client = seeded
    answer = sent(client, **{**FORM, **fields})
    assert answer.status_code in (400, 404, 409, 422)
    assert words.lower() in answer.text.lower() and "What to do:" in answer.text
    assert f'value="{html.escape({**FORM, **fields}["into"])}"' in answer.text, (
        "what was typed is still there"
    )
    assert "<img" not in answer.text
    assert not list((home.gardener.settings.home / "runs").glob("merge/*"))


@pytest.mark.parametrize("run", ["x", "..", "20260101-000000-0000000g", "20260101-000000-00000001"])
def test_a_merge_that_is_not_there(seeded: tuple[Home, TestClient], run: str) -> None:
    answer = seeded[1].get(f"/page/merge/{run.replace('.', '%2e')}")
    assert answer.status_code == 404
    assert "What to do:" in answer.text
    assert sent(seeded[1], f"/page/merge/{run.replace('.', '%2e')}/write").status_code == 404


def test_a_prediction_comes_with_what_is_chosen(
    seeded: tuple[Home, TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, client = seeded
    asked_for: list[tuple[list[float], MergeSpec]] = []

    def predict(inputs: Sequence[MergeInput], spec: MergeSpec) -> MergePrediction:
        asked_for.append(([one.weight for one in inputs], spec))
        if spec.rank == 3:
            raise AdapterError("the factors do not fit", hint="train them again")
        return MergePrediction(0.25, 7, 210)

    monkeypatch.setattr("codebase_gardener.page.merges.predict_merge", predict)
    assert "Name two adapters" in client.get("/page/merge", params={"a0": "garden"}).text
    assert "no adapter" in client.get("/page/merge", params={**FORM, "a1": "forest/elm"}).text
    page = predicted(client, **FORM, w0="0.7", density="0.3")
    assert "Predicted error: <strong>0.25</strong>" in page and "7 of 210 modules" in page
    predicted(client, **{**FORM, "into": "elsewhere/x"}, w0="0.7", density="0.3", token="0")
    assert asked_for == [([0.7, 0.5], MergeSpec(FORM["method"], density=0.3))], "once"
    page = predicted(client, **FORM, rank="3")
    assert "The factors do not fit. Train them again." in page
    assert not list((home.gardener.settings.home / "runs").glob("merge/*"))


def predicted(client: TestClient, **fields: str) -> str:
    ends_at = time.monotonic() + 60
    while "is being predicted" in (page := client.get("/page/merge", params=fields).text):
        assert "data-refresh" in page and time.monotonic() < ends_at
        time.sleep(0.01)
    return page


def test_what_works_is_said_and_an_exact_merge_is_called_one(seeded: tuple[Home, TestClient]) -> None:
    home, client = seeded
    folder = merge_in(home, trial="")
    address = f"/page/merge/{folder.name}"
    try:
        lock = FileLock(folder / "trial" / "lock")
        assert lock.acquire()
        assert "The error is being measured." in client.get(address).text
        lock.release()
        (folder / "trial" / "said.json").write_text(json.dumps({"report": {"error": 3e-9, "modules": {}}}))
        page = client.get(address).text
        assert (
            "3e-09, the share of the merged change that the result cannot hold: exact, but for rounding"
            in page
        )
        assert "Nothing is a version yet." in page
        (folder / "written").mkdir()
        lock = FileLock(folder / "written" / "lock")
        assert lock.acquire()
        assert "The version is being written and proven." in client.get(address).text
        lock.release()
    finally:
        shutil.rmtree(folder)


def test_the_verdict_of_what_a_merge_became_stands_with_its_errors(seeded: tuple[Home, TestClient]) -> None:
    home, client = seeded
    row = home.version("garden", "both")
    folder = merge_in(home, trial={"report": REPORT}, written={"adapter": str(row.ref), "report": REPORT})
    try:
        asked_ = json.loads((folder / "asked.json").read_text())
        known = {"error": 0.24, "sampled": 7, "modules": 210}
        write_json(folder / "asked.json", {**asked_, "predicted": known})
        page = client.get(f"/page/merge/{folder.name}").text
        assert "<dd>0.24, from 7 of 210 modules</dd>" in page and "not evaluated" in page
        assert "gardener evaluate garden/both@1 --dataset forest\n" in page
        assert 'name="dataset" value="garden"' in page
        refused = sent(client, "/page/measure/verdict", what=str(row.ref), dataset="nowhere")
        assert refused.status_code == 404 and "nowhere" in refused.text
        difference = {"nats_per_token": -0.2, "low": -0.3, "high": -0.1}
        home.gardener.registry.add_verdict(row, "helped", {"word": "helped", "difference": difference})
        for page in (client.get(f"/page/merge/{folder.name}").text, client.get("/page/merge").text):
            assert "badge verdict helped" in page and "gardener evaluate" not in page
        assert "-0.200 nats/token (95 % -0.300 to -0.100)" in client.get(f"/page/merge/{folder.name}").text
    finally:
        shutil.rmtree(folder)


def test_what_went_wrong_is_told_as_text(seeded: tuple[Home, TestClient]) -> None:
    home, client = seeded
    error = {"error": "AdapterError", "message": HOSTILE, "hint": f"do {HOSTILE}"}
    folder = merge_in(home, trial=error)
    try:
        (folder / "trial" / "log.txt").write_text(HOSTILE)
        page = client.get(f"/page/merge/{folder.name}").text
        assert "It did not work." in page
        assert page.count(html.escape(HOSTILE)) == 3
        assert "<img" not in page and "Make it a version" not in page
        assert '<span class="soft">failed</span>' in client.get("/page/merge").text
        refused = sent(client, f"/page/merge/{folder.name}/write")
        assert refused.status_code == 409 and "no error yet" in refused.text
        (folder / "trial" / "said.json").write_text("")
        assert "it ended before it was done" in client.get(f"/page/merge/{folder.name}").text
    finally:
        shutil.rmtree(folder)


def test_a_trial_leaves_no_adapter_when_its_error_is_read(seeded: tuple[Home, TestClient]) -> None:
    home, client = seeded
    folder = merge_in(home, trial={"report": REPORT}, written={"adapter": "garden/both@7", "report": REPORT})
    try:
        made = folder / "made" / "adapter"
        make_folder(made)
        lock = FileLock(folder / "trial" / "lock")
        assert lock.acquire()
        assert 'data-refresh="1"' in client.get(f"/page/merge/{folder.name}").text
        assert made.exists()
        lock.release()
        page = client.get(f"/page/merge/{folder.name}").text
        assert not made.parent.exists()
        assert "largest in q_proj: 0.5. A higher rank lowers it." in page
        assert "garden/both@7 was made, and is gone." in page
        assert 'href="/page/merge?' in page and "a0=garden%2Fdefault%401" in page
    finally:
        shutil.rmtree(folder)


@pytest.mark.slow
def test_from_two_adapters_of_two_projects_to_a_version(
    base: Base, trained: Callable[..., Trained], tmp_path: Path
) -> None:
    with asked(tmp_path / "home", device="cpu", offline=True, min_free_bytes=0) as (home, client):
        for seed_, (project, adapter) in enumerate((("garden", "default"), ("forest", "oak"))):
            home.gardener.registry.add_project(project, f"/src/{project}", "git")
            publish(home, project, adapter, base, trained(seed=seed_).artifact)
        for number in range(60):
            old = merge_in(home, f"20250101-0000{number:02}-00000000", trial={"report": REPORT})
            make_folder(old / "made" / "adapter")
        foreseen = predicted(client, **FORM, rank="2")
        answer = sent(client, **FORM, rank="2")
        assert answer.status_code == 303, answer.text
        address = answer.headers["Location"]
        kept = home.gardener.settings.home / "runs" / "merge"
        assert len(list(kept.iterdir())) == 50
        page = ended(client, address)
        assert "Error of the trial" in page and "A higher rank lowers it." in page
        trial = json.loads((kept / address.rpartition("/")[2] / "trial" / "said.json").read_text())
        error = trial["report"]["error"]
        assert error > 0.01 and f"<strong>{error:.2g}</strong>" in foreseen, "all modules are in the sample"
        assert f"<dt>Predicted error</dt><dd>{error:.2g}, from " in page
        assert "garden/default@1 × 1" in page and "forest/oak@1 × 0.5" in page
        assert not list(kept.rglob("*.safetensors")) and not list(kept.glob("*/made"))
        assert [row.adapter_name for row in home.gardener.registry.versions("garden")] == ["default"]

        publish(home, "garden", "default", base, trained(seed=3).artifact)  # a newer one changes nothing
        assert sent(client, f"{address}/write").status_code == 303
        assert sent(client, f"{address}/write").status_code == 303  # pressed twice
        page = ended(client, address)
        row = home.gardener.registry.versions("garden", "both")[0]
        assert row.spec["merged_from"] == {"garden/default@1": 1.0, "forest/oak@1": 0.5}
        assert row.version == 1
        assert "garden/both@1 is there." in page and "Error as written" in page
        assert 'href="/page/verdict/garden/both/1"' in page
        assert "gardener evaluate garden/both@1 --dataset forest\n" in page
        assert "garden/both@1</a>" in client.get("/page/merge").text
        assert client.get("/page/verdict/garden/both/1").status_code == 200


def publish(home: Home, project: str, adapter: str, base: Base, artifact: Path) -> None:
    """A trained adapter's files as the newest version, which is active and comes from no dataset."""
    registry, settings = home.gardener.registry, home.gardener.settings
    number = registry.reserve_version(project, adapter)
    folder = settings.projects_dir / project / "adapters" / adapter / f"v{number}"
    publish_dir(shutil.copytree(artifact, settings.home / "staged"), folder)
    row = registry.publish_imported(
        ImportedAdapter(project, adapter, number, base.id, base.sha256),
        Publication.of(folder, spec={}, metrics={}, libraries={}),
        {"tensors_matched": 1},
    )
    registry.set_active(project, adapter, row.version)


def ended(client: TestClient, address: str) -> str:
    """The page of a merge when nothing works any more, and nothing has failed."""
    ends_at = time.monotonic() + 200
    while "data-refresh" in (page := client.get(address).text) and time.monotonic() < ends_at:
        time.sleep(0.1)
    assert "data-refresh" not in page and 'role="alert"' not in page, page
    return page


@pytest.mark.slow
def test_it_is_accessible_and_fits(chromium: Browser, tmp_path: Path) -> None:
    with served(tmp_path / "home") as home, tab(chromium) as page:
        seed(home)
        folder = merge_in(home, trial={"report": REPORT})
        page.goto(f"{home.url}/page/projects/garden")
        page.get_by_role("link", name="Merge", exact=True).last.click()
        expect(page.get_by_label("Adapter 1", exact=True)).to_have_value("garden")
        page.get_by_label("Adapter 2", exact=True).press_sequentially("forest/elm")
        expect(page.locator("#predicted")).to_contain_text("forest/elm")
        page.get_by_label("Adapter 2", exact=True).fill("forest/oak@1")
        predicted = page.locator("#predicted")  # these have no weights; torch is loaded before that is seen
        expect(predicted).to_contain_text("adapter_model.safetensors", timeout=60_000)
        expect(page.get_by_label("Adapter 2", exact=True)).to_have_value("forest/oak@1")
        assert "a1=forest%2Foak%401" in page.url and "token" not in page.url
        for address in ("", f"/{folder.name}"):
            for size in SIZES:
                check_view(page, LEFT_OUT, f"{home.url}/page/merge{address}", size)
