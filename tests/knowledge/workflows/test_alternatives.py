"""APIs that stand for each other."""

from samples.pottery import UNTOLD, mined, titled


def test_alternatives_are_one_step() -> None:
    first = titled(mined(UNTOLD), "Cool kiln and open kiln").steps[0]
    assert first.target.name == "BowlConfig"
    assert [each.name for each in first.others] == ["VaseConfig"]
