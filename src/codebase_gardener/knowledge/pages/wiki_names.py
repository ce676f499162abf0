"""Names of pages: they are file names, link targets and ids at once."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

__all__ = ["MAX_NAME_BYTES", "WAY_IN", "is_page_name", "page_name", "unique_names"]

WAY_IN = ": the way in"
"""What the Overview's title has after the name that readers know."""

MAX_NAME_BYTES = 150
_NAME = re.compile(r"[\w.-]+\Z")
_HASH_CHARS = 8
_MAX_WORDS_CHARS = 1000


def page_name(owner_repo: str, words: str) -> str:
    """A name for a page, of words or of a name in code.

    Only letters, digits, `_`, `-` and `.` are left, so that it can be linked to and stored anywhere. One that is too
    long is cut, and ends in a hash of the whole.

    Example:
        >>> page_name("huggingface_peft", "LoRA fine-tuning: a start")
        'huggingface_peft_LoRA_fine-tuning_a_start'
    """
    cleaned = re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFKC", words[:_MAX_WORDS_CHARS]))
    cleaned = re.sub(r"_*[.-]*_+[.-]*_*", "_", cleaned).strip("._-") or "page"
    return _cut(f"{owner_repo}_{cleaned}")


def is_page_name(name: str) -> bool:
    """Whether `page_name` could have written it.

    Example:
        >>> is_page_name("o_r_Loading"), is_page_name("../o"), is_page_name("a|b")
        (True, False, False)
    """
    return (
        bool(_NAME.match(name))
        and name[0] not in ".-"
        and name[-1] != "."
        and len(name.encode("utf-8", "surrogatepass")) <= MAX_NAME_BYTES
    )


def unique_names(wanted: Iterable[str]) -> tuple[str, ...]:
    """The names, in order, each made unique by a suffix: also where a file system does not tell case apart.

    Example:
        >>> unique_names(["o_r_Load", "o_r_load", "o_r_load_2"])
        ('o_r_Load', 'o_r_load_2', 'o_r_load_2_2')
    """
    taken: set[str] = set()
    names = []
    for name in wanted:
        unique, number = name, 1
        while _key(unique) in taken:
            number += 1
            unique = _cut(f"{name}_{number}")
        taken.add(_key(unique))
        names.append(unique)
    return tuple(names)


def _key(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _cut(name: str) -> str:
    data = name.encode("utf-8", "replace")
    if len(data) <= MAX_NAME_BYTES:
        return data.decode()
    kept = data[: MAX_NAME_BYTES - _HASH_CHARS - 1].decode("utf-8", "ignore").rstrip("._-")
    return f"{kept}_{hashlib.sha256(data).hexdigest()[:_HASH_CHARS]}"
