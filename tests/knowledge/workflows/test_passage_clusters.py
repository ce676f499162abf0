"""Passages brought together: sections that begin alike stay apart, too few tests found nothing."""

from samples.pottery import COOLING, FILES, mined, steps, titled


def test_sections_that_begin_alike_are_workflows_of_their_own() -> None:
    sections = "".join(
        f"## {name}\n\n```python\nfrom pottery import {config}, throw, {last}\n\n"
        f"pot = throw({config}())\n{last}(pot)\n```\n\n"
        for name, config, last in (("Bowls", "BowlConfig", "glaze"), ("Vases", "VaseConfig", "sell"))
    )
    building = (
        "## Step one\n\n```python\nfrom pottery import make_kiln, throw\n\nthrow(1)\nmake_kiln(2)\n```\n\n"
    )
    building += "## Step two\n\n```python\nglaze(1)\nsell(2)\n```\n"
    paths = mined(
        FILES
        | {"docs/kinds.md": f"# Kinds\n\n{sections}", "docs/building.md": f"# Building up\n\n{building}"}
    )
    titles = [path.title for path in paths]
    assert "Kinds: Bowls" in titles
    assert "Kinds: Vases" in titles
    assert steps(titled(paths, "Building up")) == ["throw", "make_kiln", "glaze", "sell"]


def test_too_few_tests_found_no_path() -> None:
    few = COOLING.split("    def test_cool_slowly_plate")[0]
    paths = mined(FILES | {"tests/test_cooling.py": few})
    assert [path.title for path in paths] == ["Quickstart: make kiln and fire kiln", "Selling pots"]
