"""Stop texts in an answer that comes in pieces: what may be the beginning of one is held back."""

from __future__ import annotations

__all__ = ["StopTexts"]


class StopTexts:
    """What of an answer may be given out.

    Args:
        texts: Each ends the answer and is no part of it.

    Example:
        >>> stop = StopTexts(("END",))
        >>> [stop.add(piece) for piece in ("a E", "N", "x", "END b")], stop.is_found
        (['a ', '', 'ENx', ''], True)
    """

    def __init__(self, texts: tuple[str, ...]) -> None:
        self._texts, self._held = texts, ""
        self.is_found = False

    def add(self, text: str) -> str:
        """What is ready now that this piece is there; "" once a stop text was found."""
        if self.is_found:
            return ""
        held = self._held + text
        found = [at for word in self._texts if (at := held.find(word)) >= 0]
        if found:
            self.is_found, self._held = True, ""
            return held[: min(found)]
        keep = max(
            (n for word in self._texts for n in range(1, len(word)) if held.endswith(word[:n])), default=0
        )
        ready, self._held = held[: len(held) - keep], held[len(held) - keep :]
        return ready

    def end(self) -> str:
        """What was held back: nothing follows."""
        held, self._held = self._held, ""
        return held
