"""Names from strangers, made safe: for output files on any system, and for a catalogue that holds text."""

from __future__ import annotations

import hashlib
import unicodedata
from pathlib import PurePosixPath
from typing import Final

_FORBIDDEN: Final = set('<>:"|?*\\')  # on some system or other; "/" parts folders
_RESERVED: Final = {"CON", "PRN", "AUX", "NUL", *(f"{port}{i}" for port in ("COM", "LPT") for i in range(1, 10))}
_LONGEST_BYTES: Final = 150  # a name may have 255; room for a suffix, a mark and a temporary name
_LONGEST_PATH_BYTES: Final = 600


def as_text(name: str) -> str:
    r"""A file name as text that can be stored and printed; different names stay different.

    Bytes that are not UTF-8 and control characters are shown as `\xff`, and a backslash doubled, so that nobody can forge them.

    >>> print(as_text("caf\udce9.wav"), as_text("a\nb"), as_text("é"))
    caf\xe9.wav a\x0ab é
    """
    shown = (_escaped(character) for character in name)
    return "".join(shown)


def safe_stem(path: str) -> str:
    """A relative path without its suffix, fit for any file system: no way up, no odd characters, nothing too long.

    >>> safe_stem("1958/Take 1.wav"), safe_stem("../../etc/x.wav"), safe_stem("a:b?.wav"), safe_stem("CON.mp3"), safe_stem(".wav")
    ('1958/Take 1', 'etc/x', 'a_b_', '_CON', '_.wav')
    """
    given = PurePosixPath(unicodedata.normalize("NFC", path))
    parts = [part for part in given.with_suffix("").parts if part not in ("/", ".", "..")] if given.name else []
    stem = "/".join(_safe_part(part) for part in parts) or "_"
    return stem if len(stem.encode()) <= _LONGEST_PATH_BYTES else f"{_cut(stem.rsplit('/', 1)[-1], 100)}~{fingerprint(path)}"


def fingerprint(text: str) -> str:
    """Eight hexadecimal digits that tell names apart."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:8]


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # how Python carries a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if 0xD800 <= code <= 0xDFFF:
        return f"\\u{code:04x}"
    if character == "\\":
        return "\\\\"
    # Direction marks can make a name read backwards; line and paragraph separators break a table.
    return f"\\x{code:02x}" if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") else character


def _safe_part(part: str) -> str:
    kept = "".join("_" if c in _FORBIDDEN or unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") else c for c in part)
    kept = kept.rstrip(" .") or "_"
    if kept.startswith(".") or kept.split(".")[0].upper() in _RESERVED:
        kept = f"_{kept}"
    return kept if len(kept.encode()) <= _LONGEST_BYTES else f"{_cut(kept, _LONGEST_BYTES - 9)}~{fingerprint(part)}"


def _cut(text: str, n_bytes: int) -> str:
    return text.encode()[:n_bytes].decode("utf-8", "ignore")
