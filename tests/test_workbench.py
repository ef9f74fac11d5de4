"""The verbs from Python. The transcriber is a stand-in that tells how much it was given to hear."""

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

import tecla
import tecla.transcription
from tecla import workbench
from tecla.errors import InputError, OptionError, OutputError
from tecla.io.musicxml import load_musicxml
from tecla.music import Performance
from tecla.music.notation import NoteValue, SpelledPitch, TimeSignature
from tecla.music.score import Event, Head, Measure, Score
from tecla.written import play_ruled


def hear(
    blocks: Callable[[], Iterable[NDArray[np.float32]]], on_progress: Callable[[float], None] | None, offsets: str, *_: object
) -> Performance:
    """One note as long as the sound, its velocity the sound's peak in hundredths, and a pedal beyond it."""
    sound = np.concatenate(list(blocks()))
    seconds = len(sound) / 16_000
    if on_progress is not None:
        on_progress(seconds)
    performance = Performance.from_arrays(
        [0.0], [seconds], [60], [round(100 * float(np.abs(sound).max()))], controls=[(0.1, 64, 127), (9.0, 64, 0)]
    )
    return performance if offsets == "key" else performance.with_sounding_offsets()


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    network = SimpleNamespace(load=lambda *_: SimpleNamespace(transcribe=hear))
    monkeypatch.setattr(tecla.transcription, "Transcriber", network, raising=False)
    workbench._transcriber.cache_clear()
    yield
    workbench._transcriber.cache_clear()


def tone(sample_rate: int) -> NDArray[np.float32]:
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(2 * sample_rate) / sample_rate)).astype(np.float32)


def test_a_path_an_array_and_a_source_are_heard_alike(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(44_100), 44_100, "FLOAT")
    from_path = tecla.transcribe(tmp_path / "a.wav")
    assert from_path.notes[["offset_sec", "velocity"]].tolist() == [(2.0, 50)]
    assert from_path == tecla.transcribe(str(tmp_path / "a.wav"))
    assert from_path == tecla.transcribe(tone(44_100), 44_100)
    assert from_path == tecla.transcribe(tone(44_100).tolist(), sample_rate=44_100)
    assert from_path == tecla.transcribe(workbench.open_sound(tmp_path / "a.wav"))


def test_progress_is_told_in_seconds() -> None:
    told: list[float] = []
    tecla.transcribe(tone(16_000), 16_000, on_progress=told.append)
    assert told == [2.0]


def test_sounding_offsets_are_an_option() -> None:
    performance = tecla.transcribe(tone(16_000), 16_000, offsets="sounding")
    assert performance.notes["offset_sec"].tolist() == [9.0]
    assert len(performance.controls) == 0
    with pytest.raises(OptionError, match="offsets is 'soft': must be 'key' or 'sounding'"):
        tecla.transcribe(tone(16_000), 16_000, offsets="soft")  # type: ignore[arg-type]


IN_VOICE = [{"mode": "voice", **asked} for asked in ({"threads": 1}, {"a4_hz": 415.0}, {"on_tuning": print})]


@pytest.mark.parametrize("asked", [{"mode": "vocie"}, {"bends": True}, *IN_VOICE])
def test_what_a_mode_cannot_follow_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=f"{list(asked)[-1]} (is 'vocie'|cannot be followed in mode)"):
        tecla.transcribe(tone(16_000), 16_000, **asked)


def test_an_array_must_say_its_rate() -> None:
    with pytest.raises(OptionError, match="give sample_rate in Hz"):
        tecla.transcribe(tone(16_000))


@pytest.mark.parametrize("name", ["a.mid", "a.midi", "a.json", "a.csv", "A.MID"])
def test_what_is_saved_is_loaded(tmp_path: Path, name: str) -> None:
    notes = tecla.Performance.from_arrays([0.5], [1.5], [60], [80])
    tecla.save(notes, tmp_path / "new" / name)
    assert tecla.load(tmp_path / "new" / name) == notes


def test_unknown_suffixes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"a\.doc cannot be written: tecla writes \.mid"):
        tecla.save(Performance(), tmp_path / "a.doc")
    with pytest.raises(InputError, match=r"a\.doc is no performance file: give one of \.mid"):
        tecla.load(tmp_path / "a.doc")


def test_sounds_are_found_at_any_depth_but_not_in_hiding(tmp_path: Path) -> None:
    for name in ("b.WAV", "a/c.mp4", "a/.cache/d.wav", ".e.wav", "f.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert workbench.find_sounds(tmp_path) == [tmp_path / "a/c.mp4", tmp_path / "b.WAV"]


def test_the_public_face_has_its_names() -> None:
    assert all(hasattr(tecla, name) for name in tecla.__all__)
    assert set(dir(tecla)) >= set(tecla.__all__)
    with pytest.raises(AttributeError, match="no attribute 'sing'"):
        _ = tecla.sing


def test_notes_heard_with_doubt_are_pale_on_the_page(tmp_path: Path) -> None:
    onset = [0.0, 0.5, 1.0, 1.5, 2.0]
    confidence = [1.0, 0.5, 0.95, 0.99, 0.3]
    score = workbench.engrave(Performance.from_arrays(onset, [t + 0.45 for t in onset], [60, 62, 64, 65, 67], confidence=confidence))
    workbench.save_score(score, tmp_path / "page.musicxml")
    for page in (score, load_musicxml(tmp_path / "page.musicxml")):
        pale = {head.pitch.midi for _, _, _, event in page.events() for head in event.heads if head.faint}
        assert pale == {62, 67}


def test_a_tune_is_engraved_in_the_bars_that_it_was_written_in(tmp_path: Path) -> None:
    (tmp_path / "jig.abc").write_text("X:1\nT:Jig\nM:6/8\nL:1/8\nK:G\nD|GAB d2B|gfe dBA|1 GFG A2D:|2 GFG G2|]\n")
    performance, ruled = play_ruled(tmp_path / "jig.abc")
    page = workbench.engrave(performance, None, ruled)
    assert [(str(m.time), float(m.length)) for m in page.measures[:4]] == [("6/8", 0.5), ("6/8", 3), ("6/8", 3), ("6/8", 3)]
    assert [float(note.duration) for note in page.notes()[:6]] == [0.5, 0.5, 0.5, 0.5, 1, 0.5]


def test_a_page_played_and_engraved_again_is_the_same(tmp_path: Path) -> None:
    third, time = Fraction(1, 3), TimeSignature(3, 4)
    bars = []
    for k in range(8):
        low = Event(Fraction(3), (Head(SpelledPitch("C", 0, 3)), Head(SpelledPitch("G", 0, 3))), 2, NoteValue("half", 1))
        signs = zip("CDE", ("start", "", "stop"), strict=True)
        triplet = [Event(third, (Head(SpelledPitch(s, 0, 5)),), 1, NoteValue("eighth", 0, (3, 2)), bracket=b) for s, b in signs]
        rest = [Event(Fraction(1), (Head(SpelledPitch("FGAB"[k % 4], 0, 5)),), 1, NoteValue("quarter"))] * 2
        bars.append(Measure(time, 0, {1: (*triplet, *rest), 5: (low,)}, Fraction(3), number=str(k + 1)))
    workbench.save_score(Score(tuple(bars), tempo_bpm=132), tmp_path / "page.musicxml")
    performance, ruled = play_ruled(tmp_path / "page.musicxml")
    page = workbench.engrave(performance, None, ruled)

    def facts(score: Score) -> list[tuple[Fraction, Fraction, int, int]]:
        return [(note.onset, note.duration, note.pitch.midi, note.staff) for note in score.notes()]

    assert facts(page) == facts(Score(tuple(bars)))
    assert {str(m.time) for m in page.measures} == {"3/4"}
