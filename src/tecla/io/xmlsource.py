"""The bytes of a MusicXML file, plain or compressed, as an element tree. Safe against entity and zip bombs."""

from __future__ import annotations

import io
import lzma
import os
import re
import zipfile
import zlib
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from tecla.errors import InputError
from tecla.io.bounded import read_bounded

_LARGEST_BYTES: Final = 16 * 2**20  # the largest piano score in ASAP has 6 MB
_MOST_ELEMENTS: Final = 1_500_000
_MOST_NOTES: Final = 100_000
_DEEPEST: Final = 64  # a score nests about ten elements; expat takes time in the square of the depth
_DECLARED: Final = re.compile(rb"^\s*<\?xml[^>]*encoding=[\"']([A-Za-z0-9_.-]+)[\"']")
# What zipfile and the decompressors behind it are known to raise on damage: found by benchmarks/fuzz.py, not documented.
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    KeyError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
    ValueError,
)
_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def read_tree(path: str | os.PathLike[str]) -> ElementTree.Element:
    """Root element of a .musicxml, .xml or .mxl file.

    Raises:
        InputError: missing, not MusicXML, larger than 16 MiB once unpacked, or defining entities.
    """
    path = Path(path)
    data = read_bounded(path, _LARGEST_BYTES)
    try:
        return parse(_unpack(data) if data[:2] == b"PK" else data)
    except InputError as error:
        raise InputError(f"{path} cannot be read: {error}; export it again as MusicXML") from error


def parse(data: bytes) -> ElementTree.Element:
    """Root element of MusicXML text.

    Raises:
        InputError: it is not well-formed XML, or defines entities (which could grow without bound).
    """
    text = _text(data)
    if "<!ENTITY" in text:
        raise InputError("it defines XML entities, which a score has no use for")
    for tag, most in (("<", 2 * _MOST_ELEMENTS), ("<note", _MOST_NOTES)):  # counted before, as a tree takes ten times its text
        if text.count(tag) > most:
            raise InputError(f"it has more than {most:,} {'notes' if tag == '<note' else 'tags'}: too large for a score")
    try:
        parser = ElementTree.XMLParser(target=_Shallow())
        parser.feed(re.sub(r"^\s*<\?xml[^>]*\?>", "", text, count=1))
        root: ElementTree.Element = parser.close()
        return root
    except ElementTree.ParseError as error:
        raise InputError(f"not well-formed XML ({error})") from error


class _Shallow(ElementTree.TreeBuilder):
    """Builds a tree that is not deep; one that is, is refused where it becomes so."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> ElementTree.Element:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise InputError(f"its elements are nested more than {_DEEPEST} deep")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> ElementTree.Element:
        self._depth -= 1
        return super().end(tag)


def _text(data: bytes) -> str:
    declared = _DECLARED.match(data)
    encoding = next((name for bom, name in _BOMS if data.startswith(bom)), declared.group(1).decode() if declared else "utf-8")
    try:
        return data.decode(encoding)
    except (UnicodeError, LookupError, ValueError) as error:  # some codecs of Python's raise less than UnicodeDecodeError
        raise InputError(f"its text is not {encoding}") from error


def _unpack(data: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            name = _root_file(archive)
            with archive.open(name) as member:
                text = member.read(_LARGEST_BYTES + 1)
    except _DAMAGE as error:
        raise InputError("its zip archive is damaged") from error
    if len(text) > _LARGEST_BYTES:
        raise InputError(f"it unpacks to more than {_LARGEST_BYTES // 2**20} MiB")
    return text


def _root_file(archive: zipfile.ZipFile) -> str:
    if "META-INF/container.xml" in archive.namelist():
        with archive.open("META-INF/container.xml") as member:
            for element in parse(member.read(2**20)).iter():
                if element.tag.rpartition("}")[2] == "rootfile" and element.get("full-path"):
                    return str(element.get("full-path"))
    scores = [name for name in archive.namelist() if name.endswith((".xml", ".musicxml")) and not name.startswith("META-INF")]
    if not scores:
        raise InputError("its archive holds no score")
    return scores[0]
