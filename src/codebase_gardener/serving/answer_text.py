"""From tokens to text as they come: whole letters only, without the prompt's own white space, stop texts held back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from codebase_gardener.adapters.stop_texts import StopTexts

__all__ = ["AnswerText"]

_BEHIND = 6  # tokens that are decoded again: no letter spans more
_BROKEN = "\N{REPLACEMENT CHARACTER}"


class AnswerText:
    """The text of one answer.

    Args:
        decode: Ids to text, without special tokens.
        before: The prompt's last ids: some tokenizers join a token's text to what stands before it.
        taken: White space that the answer says again and that the prompt has.
        stop: Texts at which it ends.

    Example:
        >>> letters = AnswerText(lambda ids: "".join(map(chr, ids)), [], "", ("END",))
        >>> [letters.add(ord(letter)) for letter in "aENDb"]
        ['a', '', '', '', '']
        >>> letters.is_stopped
        True
    """

    def __init__(
        self, decode: Callable[[Sequence[int]], str], before: Sequence[int], taken: str, stop: tuple[str, ...]
    ) -> None:
        self._decode, self._stop = decode, StopTexts(stop)
        self._window = list(before)[-_BEHIND:]
        self._said = decode(self._window)
        self._taken = taken

    @property
    def is_stopped(self) -> bool:
        """Whether a stop text was found: nothing follows."""
        return self._stop.is_found

    @property
    def owes(self) -> str:
        """White space that has still to be said."""
        return self._taken

    def add(self, token: int) -> str:
        """What can be given out now that this token is there."""
        self._window.append(token)
        whole = self._decode(self._window)
        if whole.endswith(_BROKEN) and len(self._window) < 4 * _BEHIND:
            return ""
        new = whole[len(self._said) :] if whole.startswith(self._said) else self._decode([token])
        self._window = self._window[-_BEHIND:]
        self._said = self._decode(self._window)
        return self.add_text(new)

    def add_text(self, text: str) -> str:
        """The same of an engine that gives text, in whole letters."""
        return self._stop.add(self._behind_seam(text))

    def end(self) -> str:
        """What was held back; nothing follows."""
        whole = self._decode(self._window)
        rest = self._behind_seam(whole[len(self._said) :]) if whole.startswith(self._said) else ""
        self._said = whole
        return self._stop.add(rest) + self._stop.end()

    def _behind_seam(self, text: str) -> str:
        while self._taken and text and text[0] == self._taken[0]:
            self._taken, text = self._taken[1:], text[1:]
        if text:
            self._taken = ""
        return text
