"""What addresses and forms give as text, checked."""

from __future__ import annotations

from codebase_gardener.utils.error_handling import InvalidInputError

__all__ = ["whole_number"]


def whole_number(
    text: str, refusal: str, hint: str, *, smallest: int = 0, largest: int = 10**9 - 1
) -> int | None:
    """The number in a text; None where there is none.

    Args:
        text: As it came.
        refusal: What is wrong with it, where it is wrong.
        hint: What to do next.
        smallest: That is taken.
        largest: That is taken.

    Raises:
        InvalidInputError: It is no number, or out of bounds.
    """
    if not text:
        return None
    # a longer one is not converted: that takes quadratic time
    if not (text.isascii() and text.isdigit() and len(text) <= 20 and smallest <= int(text) <= largest):
        raise InvalidInputError(refusal, hint=hint)
    return int(text)
