"""What a sentence does for its reader."""

from codebase_gardener.knowledge.heuristics.advice import insight, reasons, signals


def test_words_serve_one_part_of_an_insight() -> None:
    text = "This can reduce the memory usage by half, but may lead to numerical instability."
    assert insight(text) == {
        "action": (),
        "value": (text,),
        "cost": (),
    }
    way = "That way you can make sure that nothing burns."
    assert insight(way)["value"] == (way,)
    assert signals("This should give you an idea of it.") == ()
    assert reasons("It would've otherwise run out of memory on the card.") == ()
