"""A download goes on where it broke off, is checked, and is there whole or not at all."""

import hashlib
import io
import socket
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tecla.corpora import ABOUT
from tecla.corpora.about import Download
from tecla.corpora.download import choose_part, fetch
from tecla.errors import InputError, OptionError, OutputError

TAG = '"first"'


class Shelf:
    """What the server has, how much it sends before the line goes dead, and what it was asked for."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.breaks_after: int | None = None
        self.breaks_left = 0
        self.tag = TAG
        self.asked: list[str | None] = []
        self.url = ""


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    """A web server on this machine that knows ranges and can lose its connection."""
    kept = Shelf()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data, span = kept.files.get(self.path), self.headers.get("Range")
            kept.asked.append(span)
            if data is None:
                self.send_error(404)
                return
            first = int(span.removeprefix("bytes=").rstrip("-")) if span and self.headers.get("If-Range") == kept.tag else 0
            self.send_response(206 if first else 200)
            self.send_header("Content-Length", str(len(data) - first))
            self.send_header("ETag", kept.tag)
            self.end_headers()
            sent = data[first:]
            if kept.breaks_left:
                kept.breaks_left -= 1
                sent = sent[: kept.breaks_after]
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


def checksum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def archive(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as zipped:
        for name in names:
            zipped.writestr(name, name)
    return packed.getvalue()


def test_a_file_arrives_and_its_progress_is_told(shelf: Shelf, tmp_path: Path) -> None:
    data = bytes(range(256)) * 4000
    shelf.files["/a.json"] = data
    told: list[tuple[int, int | None]] = []
    fetch(Download(f"{shelf.url}/a.json", checksum(data), 0, "in/a.json"), tmp_path / "corpus", lambda *seen: told.append(seen))
    assert (tmp_path / "corpus" / "in" / "a.json").read_bytes() == data
    assert told[-1] == (len(data), len(data))
    assert len(told) > 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus"]


@pytest.mark.parametrize("name", ["a.json", "a.zip"])
def test_a_file_in_the_folders_place_is_named_before_anything_is_asked_for(shelf: Shelf, tmp_path: Path, name: str) -> None:
    (tmp_path / "a.mid").touch()
    wanted = Download(f"{shelf.url}/{name}", "", 0, "in/a.json")
    for folder in (tmp_path / "a.mid", tmp_path / "a.mid" / "x"):
        with pytest.raises(OutputError, match=r"a\.mid.* cannot be written: part of the path is a file"):
            fetch(wanted, folder)
    assert not shelf.asked


def test_a_broken_line_is_taken_up_where_it_broke(shelf: Shelf, tmp_path: Path) -> None:
    data = archive("top/a.mid", "top/b/c.mid", "top/" + "long" * 30)
    shelf.files["/a.zip"], shelf.breaks_after, shelf.breaks_left = data, 100, 2
    folder = fetch(Download(f"{shelf.url}/a.zip", checksum(data), 0), tmp_path / "corpus")
    assert shelf.asked == [None, "bytes=100-", "bytes=200-"]
    assert (folder / "b" / "c.mid").read_text() == "top/b/c.mid"  # without the folder that everything lay in


def test_a_second_call_goes_on_where_the_first_gave_up(shelf: Shelf, tmp_path: Path) -> None:
    data = b"x" * 5000
    shelf.files["/a.bin"], shelf.breaks_after, shelf.breaks_left = data, 10, 99
    wanted = Download(f"{shelf.url}/a.bin", checksum(data), 0, "a.bin")
    with pytest.raises(InputError, match="run the same command again"):
        fetch(wanted, tmp_path / "corpus")
    assert not (tmp_path / "corpus" / "a.bin").exists()
    shelf.breaks_left = 0
    fetch(wanted, tmp_path / "corpus")
    assert shelf.asked[-1] == "bytes=50-"
    assert (tmp_path / "corpus" / "a.bin").read_bytes() == data


def test_a_server_that_cannot_be_reached_is_no_download_that_broke_off(tmp_path: Path) -> None:
    with socket.socket() as taken:  # a port that nobody listens at
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/a.zip"
        with pytest.raises(InputError, match=r"a\.zip cannot be reached .*: check the network"):
            fetch(Download(url, "", 0), tmp_path / "corpus")
    assert not any(tmp_path.iterdir())


def test_a_file_that_changed_meanwhile_is_fetched_anew(shelf: Shelf, tmp_path: Path) -> None:
    shelf.files["/a.bin"], shelf.breaks_after, shelf.breaks_left = b"old" * 1000, 10, 99
    with pytest.raises(InputError):
        fetch(Download(f"{shelf.url}/a.bin", "", 0, "a.bin"), tmp_path / "corpus")
    shelf.files["/a.bin"], shelf.breaks_left, shelf.tag = b"new" * 1000, 0, '"second"'
    fetch(Download(f"{shelf.url}/a.bin", checksum(b"new" * 1000), 0, "a.bin"), tmp_path / "corpus")


def test_another_file_than_was_published_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    shelf.files["/a.zip"] = archive("a")
    with pytest.raises(InputError, match="something else than was published"):
        fetch(Download(f"{shelf.url}/a.zip", "0" * 64, 0), tmp_path / "corpus")
    assert not (tmp_path / "corpus").exists()


def test_a_damaged_archive_leaves_no_corpus(shelf: Shelf, tmp_path: Path) -> None:
    shelf.files["/a.zip"] = archive("a")[:-30]
    with pytest.raises(InputError, match="is damaged"):
        fetch(Download(f"{shelf.url}/a.zip", "", 0), tmp_path / "corpus")
    assert not (tmp_path / "corpus").exists()


def test_no_member_leaves_the_folder(shelf: Shelf, tmp_path: Path) -> None:
    shelf.files["/a.zip"] = archive("../escaped", "a", "b")
    fetch(Download(f"{shelf.url}/a.zip", "", 0), tmp_path / "corpus")
    assert not (tmp_path / "escaped").exists()


def test_what_is_there_is_not_written_over(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "mine").write_text("kept")
    for wanted in (Download(f"{shelf.url}/a.zip", "", 0), Download(f"{shelf.url}/mine", "", 0, "mine")):
        with pytest.raises(OutputError, match="already"):
            fetch(wanted, tmp_path / "corpus")
    assert shelf.asked == []


def test_a_file_that_is_gone_is_named(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="answers 404"):
        fetch(Download(f"{shelf.url}/a.zip", "", 0), tmp_path / "corpus")


def test_a_corpus_that_cannot_be_downloaded_says_what_to_do() -> None:
    with pytest.raises(OptionError, match="maps has no download: its authors hand it out"):
        choose_part(ABOUT["maps"], None)
    with pytest.raises(OptionError, match="choose midi or full"):
        choose_part(ABOUT["maestro"], "video")
    assert choose_part(ABOUT["maestro"], None).url.endswith("midi.zip")


def test_every_corpus_says_whose_it_is() -> None:
    for about in ABOUT.values():
        assert about.licence
        assert about.split
        assert about.parts or about.obtain
        assert all(len(part.sha256) in (0, 64) and part.url.startswith("https://") for part in about.parts.values())
