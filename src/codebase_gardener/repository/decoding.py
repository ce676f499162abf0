"""Bytes of a file to text: UTF-8 first, then what the file declares, then Western European."""

from __future__ import annotations

import codecs
import re

__all__ = ["decode", "looks_binary"]

_SAMPLE_BYTES = 8192
_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
# Only plain character tables: codecs such as punycode or idna take quadratic time on what a stranger wrote.
_TABLES = re.compile(
    r"(utf_8|utf_8_sig|latin_1|ascii|iso8859_\d+|iso2022_\w+|cp\d+|koi8_[rtu]|mac_\w+"
    r"|euc_\w+|euc_?jis_2004|shift_jis\w*|gbk|gb2312|gb18030|big5\w*|johab|hz|tis_620|kz1048)\Z"
)
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\b\x1b")) + b"\x7f"


def looks_binary(data: bytes) -> bool:
    """Whether the content is no text: a NUL byte, many control characters, or mostly undecodable."""
    if data.startswith(_UTF16_MARKS):
        return not _decodes(data, "utf-16")
    if b"\0" in data:
        return True
    sample = data[:_SAMPLE_BYTES]
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if controls > len(sample) // 20:
        return True
    return not _decodes(data, "utf-8") and _undecodable(sample) * 2 > len(sample)


def decode(data: bytes, *, python: bool = False) -> str:
    r"""The text of a file that is not binary, without byte order mark and with `\n` line ends.

    Args:
        data: The whole content.
        python: Honour a coding cookie in the first two lines (PEP 263).

    Example:
        >>> decode(b"\xef\xbb\xbfcaf\xc3\xa9\r\n")
        'café\n'
        >>> decode(b"caf\xe9")
        'café'
    """
    text = _decode(data, _declared(data) if python else None)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decode(data: bytes, declared: str | None) -> str:
    if data.startswith(_UTF16_MARKS):
        return data.decode("utf-16")
    for encoding in filter(None, (declared, "utf-8-sig", "cp1252")):
        try:
            return data.decode(encoding)
        except UnicodeError:
            continue
    return data.decode("latin-1")


def _declared(data: bytes) -> str | None:
    for line in data.split(b"\n", 2)[:2]:
        found = _COOKIE.match(line)
        if found:
            return _table(found[1].decode("ascii", "replace"))
    return None


def _table(name: str) -> str | None:
    try:
        found = codecs.lookup(name).name.replace("-", "_")
    except (LookupError, ValueError):
        return None
    if found in ("utf_8", "utf_8_sig"):
        return "utf-8-sig"
    return found if _TABLES.match(found) else None


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeError:
        return False
    return True


def _undecodable(sample: bytes) -> int:
    return sample.decode("utf-8", "replace").count("\N{REPLACEMENT CHARACTER}")
