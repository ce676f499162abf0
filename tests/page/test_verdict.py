"""The view of verdicts, in a browser."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Page, expect

from codebase_gardener.evaluation.arms import ARMS, FILL_IN_ARMS, MEMORY, PARENT
from codebase_gardener.evaluation.editing import Editing, LineArm
from codebase_gardener.evaluation.metrics import Difference, Measurement, Points, summarize
from codebase_gardener.evaluation.parent import BesideParent, Part
from codebase_gardener.evaluation.slices import Loss, Slice
from codebase_gardener.evaluation.token_scores import TokenScores
from codebase_gardener.evaluation.verdict import FunctionLoss, judge
from codebase_gardener.utils.files import FileLock
from samples.browser import SIZES, THEMES, check_view

from .conftest import LEFT_OUT, Home, served
from .test_grow_runs import run_in

pytestmark = pytest.mark.slow

HOSTILE = "<img src=x onerror=alert(1)>{{ 7*7 }}"


def measurements(mean: float) -> list[Measurement]:
    drawn = random.Random(1)
    return [
        Measurement(
            f"src/f{n % 12}.py", tokens * (mean + drawn.uniform(-0.3, 0.3)), tokens, 3 * tokens, n % 3 == 0
        )
        for n, tokens in enumerate([drawn.randrange(20, 200) for _ in range(24)])
    ]


def verdict(gain: float = 0.2) -> dict[str, object]:
    means = dict(zip((arm.name for arm in ARMS), (1.9, 1.4, 1.6, 1.4 - gain), strict=True))
    measured = {name: measurements(mean) for name, mean in means.items()}
    measured |= {name + MEMORY: measurements(mean - 0.1) for name, mean in means.items()}
    made = judge(measured, {"base": 3.2, "adapter": 3.25},
                 {arm.name: measurements(1.5 - 0.1 * arm.adapter) for arm in FILL_IN_ARMS})  # fmt: skip
    beside = BesideParent("garden/default@1", "better", summarize(measurements(1.3)),
                          {"all": Part(24, Difference(-0.1, -0.2, -0.02, "file"))})  # fmt: skip
    return made.as_dict() | {"parent": asdict(beside)}


def full() -> dict[str, object]:
    arm = LineArm(summarize(measurements(1.0)), 0.6, 0.2, 0.5)
    gained, share = Difference(-0.2, -0.3, -0.1, "file"), Points(0.1, 0.02, 0.2)
    made = Editing(
        32, 20, {arm_.name: arm for arm_ in ARMS}, gained, share, share, None, None,
        (Slice("folder", f"src/{HOSTILE}", 16, gained, "helped"),
         Slice("folder", "tests", 16, Difference(0.2, 0.1, 0.3, "file"), "hurt")),
        (Loss("water", "src/beds.py:L1-4", 0.4),),
    )  # fmt: skip
    null = {"effect": 0.3, "null_mean": 0.01, "draws": 8, "deviations": 6.0}
    return {"editing": asdict(made), "null": null, "general_code": {"base": 1.0, "adapter": 1.1},
            "recitation": {"rows": 64, "adapter": 0.1, "base": 0.0, "heldout": 0.0, "heldout_rows": 8}}  # fmt: skip


def tokens() -> dict[str, object]:
    def one(symbol: str, gain: float) -> TokenScores:
        pieces = ("\n    ", "return", " ", f'"{HOSTILE}"', " + ", "bed")
        return TokenScores(
            symbol, f"src/{symbol}.py:L1-2", f"# {HOSTILE}\ndef {symbol}(bed):", ("src/beds.py:L1-9",), pieces,
            tuple(2.0 for _ in pieces), tuple(2.0 - gain * n for n, _ in enumerate(pieces)),
            f"\n    pass  # {HOSTILE}", '\n    return "wet"', False,
        )  # fmt: skip

    return {"functions": [asdict(one("water", 0.35)), asdict(one("weed", -0.7)), asdict(one("sow", 0.1))]}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with served(tmp_path_factory.mktemp("home") / "home") as made:
        registry = made.gardener.registry
        registry.add_project("garden", "/src/garden", "git")
        old, row = made.version("garden"), made.version("garden", active=True)
        registry.add_verdict(old, "helped", verdict(0.1))
        registry.add_verdict(row, "helped", verdict())
        registry.add_receipt(row, "full evaluation", full())
        registry.add_receipt(row, "tokens", tokens())
        made.version("garden", "bare")
        functions = [
            FunctionLoss("water", "src/beds.py:L1-4", 40, 1.5, 1.1),
            FunctionLoss(HOSTILE, "src/a.py:L2-3", 9, 1, 2),
        ]
        lone: dict[str, Any] = verdict() | {"functions": list(map(asdict, functions))}
        for arm in lone["arms"].values():
            arm["next_line"] = 0.0
        registry.add_verdict(made.version("garden", "lone"), "helped", lone)
        made.version("garden", "few", verdict="unchanged", reason=f"too few functions {HOSTILE}")
        yield made


def test_from_the_list_to_a_token(home: Home, page: Page) -> None:
    page.goto(f"{home.url}/page/projects")
    page.get_by_role("link", name="Verdicts").click()
    page.get_by_role("link", name="garden", exact=True).click()
    page.get_by_role("link", name="default@2").click()
    main = page.get_by_role("main")
    expect(main).to_contain_text("The adapter helps.")
    expect(main).to_contain_text("1.22 times as likely")
    for measured in ("the verdict", "token by token", "as an editor asks"):
        expect(main.get_by_role("button", name=f"Measure {measured} again", exact=True)).to_be_visible()
    arms = page.get_by_role("table", name="Loss of the arms")
    assert arms.get_by_role("row").count() == 1 + 8 + 1
    expect(arms.get_by_role("row").filter(has_text=PARENT.name)).to_contain_text("1.3")
    helped = page.get_by_role("table", name="By folder").get_by_role("row").nth(1)
    expect(helped).to_contain_text(f"src/{HOSTILE}")
    expect(helped).to_contain_text("helped")
    page.get_by_role("link", name="See all of them").click()
    page.get_by_role("link", name="Hurt most").click()
    assert page.get_by_role("row").nth(1).get_by_role("link").first.inner_text() == "weed"
    page.get_by_role("link", name="weed", exact=True).click()
    page.get_by_role("link", name="Next").click()
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("water")
    body = page.get_by_role("group", name="The body, token by token")
    assert body.inner_text() == f'\n    return "{HOSTILE}" + bed'
    assert [body.locator("span").nth(n).get_attribute("class") for n in range(6)] == [
        None, "tok up1", "tok up2", "tok up2", "tok up2", "tok up3"
    ]  # fmt: skip
    expect(page.get_by_role("group", name="The prompt")).to_contain_text(f"# {HOSTILE}")
    assert page.locator("img").count() == 0


def test_functions_one_by_one_come_with_the_verdict(home: Home, page: Page) -> None:
    page.goto(f"{home.url}/page/verdict/garden/lone/1")
    main = page.get_by_role("main")
    expect(page.locator("#measured")).to_contain_text("▲ helped")  # drawn anew with what was measured
    expect(main).to_contain_text("No arm writes the next line of any of them exactly.")
    expect(page.get_by_role("table", name="Next lines")).to_have_count(0)
    expect(main).to_contain_text("2 held-out functions, as the verdict measured them.")
    expect(main).to_contain_text("Not there yet: each with its prompt")
    page.get_by_role("link", name="See all of them").click()
    page.get_by_role("link", name="Hurt most").click()
    row = page.get_by_role("row").nth(1)
    expect(row).to_contain_text(HOSTILE)
    expect(row).to_contain_text("+1.000")
    links = page.get_by_role("row").get_by_role("link")
    assert all("/at?what=src" in (link.get_attribute("href") or "") for link in links.all())
    assert links.count() == 2, "where each stands, in the wiki"
    page.get_by_role("link", name="token by token").click()
    expect(page.get_by_role("button", name="Measure token by token")).to_be_in_viewport()
    answer = page.request.get(f"{home.url}/page/verdict/garden/few/1/functions")
    assert answer.status == 404
    assert "were not measured one by one" in answer.text()


def test_the_picture_says_where_each_interval_lies(home: Home, page: Page) -> None:
    page.goto(f"{home.url}/page/verdict/garden/default/2")
    row = page.get_by_role("table", name="Paired differences").get_by_role("row").nth(1)
    span, zero = (row.locator(name).bounding_box() for name in ("line.span", "line.zero"))
    assert span and zero
    assert span["x"] + span["width"] < zero["x"]
    expect(row).to_contain_text("-0.200")


def test_a_card_for_others(home: Home, page: Page) -> None:
    page.goto(f"{home.url}/page/verdict/garden/default/2")
    back = page.get_by_role("img", name="Verdict on garden/default@2: helped").locator("rect").first
    filled = []
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        filled.append(back.evaluate("rect => getComputedStyle(rect).fill"))
    page.locator("#theme").click()
    filled.append(back.evaluate("rect => getComputedStyle(rect).fill"))
    assert filled == ["rgb(255, 255, 255)", "rgb(20, 23, 27)", "rgb(255, 255, 255)"]
    picture = page.request.get(f"{home.url}/page/verdict/garden/default/2/card.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "helped" in "".join(ElementTree.fromstring(picture.text()).itertext())
    with page.expect_download() as saved:
        page.get_by_role("link", name="Text (Markdown)").click()
    text = saved.value.path().read_text("utf-8")
    assert text.startswith("# garden/default\\@2\n")
    assert "| adapter \\+ retrieval | 1.152 |" in text


def test_what_is_not_measured_is_said_and_can_be_started(home: Home, page: Page) -> None:
    page.goto(f"{home.url}/page/verdict/garden/few/1")
    expect(page.get_by_role("main")).to_contain_text(f"too few functions {HOSTILE}")
    page.goto(f"{home.url}/page/verdict/garden/bare/1")
    expect(page.get_by_role("main")).to_contain_text("Not there yet: slices")
    page.get_by_role("button", name="Measure token by token").click()
    expect(page.get_by_role("alert")).to_contain_text("comes from no dataset", timeout=60_000)
    expect(page.get_by_role("alert")).to_contain_text("What to do: name the project")


@pytest.mark.parametrize("path", ["", "/garden", "/garden/default/2", "/garden/bare/1", "/garden/lone/1/functions",
                                  "/garden/default/2/functions", "/garden/default/2/functions/1"])  # fmt: skip
@pytest.mark.parametrize("size", SIZES)
def test_every_view_is_accessible_and_fits(home: Home, page: Page, path: str, size: str) -> None:
    check_view(page, LEFT_OUT, f"{home.url}/page/verdict{path}", size)


def test_while_it_grows_its_verdict_is_waited_for(home: Home, page: Page) -> None:
    run = run_in(home.gardener.settings.home, plan={"project": "garden"}, grown="")
    lock = FileLock(run.folder / "lock")
    assert lock.acquire()
    measure = page.get_by_role("button", name="Measure the verdict")
    for view in ("projects/garden", "verdict/garden/bare/1"):
        page.goto(f"{home.url}/page/{view}")
        expect(page.get_by_role("link", name="Watch it")).to_have_attribute("href", f"/page/grow/{run.id}")
    assert measure.count() == 0
    lock.release()
    expect(measure).to_be_visible()
    run.discard()


def test_it_prints_without_buttons(home: Home, page: Page) -> None:
    page.goto(f"{home.url}/page/verdict/garden/default/2")
    page.emulate_media(media="print")
    expect(page.get_by_role("table", name="Loss of the arms")).to_be_visible()
    expect(page.get_by_role("button", name="Measure")).to_have_count(0)
    page.emulate_media(media="screen")
    page.goto(f"{home.url}/page/verdict/garden/few/1")
    expect(page.get_by_text("Not there yet")).to_have_count(2)
    page.emulate_media(media="print")
    for what in (page.get_by_text("Not there yet").all(), page.get_by_role("heading", level=2).all()):
        assert [one.inner_text() for one in what if one.is_visible()] == []
