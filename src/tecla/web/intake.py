"""What a file is, by what it holds and never by its name."""

from __future__ import annotations

import re
from typing import Final

HEAD_BYTES: Final = 64 * 1024
NOTE_SUFFIXES: Final = (".mid", ".json", ".csv")
SCORE_SUFFIXES: Final = (".musicxml", ".mxl", ".abc")
_ABC: Final = re.compile(r"^X:\s*\d.*?^K:", re.MULTILINE | re.DOTALL)
_PLAIN_SAMPLES: Final = (b"\x01\x00", b"\x03\x00", b"\xfe\xff")  # wav's codes for integers, floats and "see below": what browsers play
_BEGINNINGS: Final = (
    (b"MThd", ".mid"),
    (b"PK\x03\x04", ".mxl"),
    (b"fLaC", ".flac"),
    (b"ID3", ".mp3"),
    (b"\xff\xfb", ".mp3"),
    (b"\xff\xfa", ".mp3"),
    (b"\xff\xf3", ".mp3"),
    (b"\xff\xf2", ".mp3"),
)


def suffix_of(head: bytes) -> str:
    r"""The suffix that a file of this beginning should have; ".sound" for what FFmpeg may know or nobody.

    >>> suffix_of(b"MThd..."), suffix_of(b'{"notes": []}'), suffix_of(b"RIFF....WAVEfmt \x10\0\0\0\1\0")
    ('.mid', '.json', '.wav')
    """
    for beginning, suffix in _BEGINNINGS:
        if head.startswith(beginning):
            return suffix
    if head[:4] == b"RIFF" and head[8:12] == b"RMID":
        return ".mid"
    if head[:4] == b"RIFF" and head[8:16] == b"WAVEfmt " and head[20:22] in _PLAIN_SAMPLES:
        return ".wav"
    return _text_suffix(head) or ".sound"


def kind_of(suffix: str) -> str:
    """What a take of this suffix is: "sound", "notes" or "score"."""
    return "notes" if suffix in NOTE_SUFFIXES else "score" if suffix in SCORE_SUFFIXES else "sound"


def _text_suffix(head: bytes) -> str:
    if head.startswith((b"\xff\xfe<", b"\xfe\xff\x00<")):  # XML in UTF-16
        return ".musicxml"
    text = head.decode("utf-8-sig", errors="ignore").lstrip()
    if head.count(b"\0") or not text:
        return ""
    if text.startswith("{"):
        return ".json"
    if text.startswith("<"):
        return ".musicxml"
    if _ABC.search(text.replace("\r", "\n")):
        return ".abc"
    return ".csv" if "onset_sec" in text.split("\n", 1)[0] else ""
