"""Two clocks are brought together to the millisecond, strangers are refused, and the whole way from a phone recording to a corpus works."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from tecla.corpora import load_corpus
from tecla.corpora.clocks import find_line
from tecla.corpora.pairing import gather, pair_by_name
from tecla.errors import InputError
from tecla.io.midi import load_midi, save_midi
from tecla.music import SUSTAIN, Performance
from tecla.rendering import SAMPLE_RATE, render


def tune(seed: int, n: int = 300) -> Performance:
    rng = np.random.default_rng(seed)
    onset = np.cumsum(rng.choice([0.12, 0.2, 0.35], n))
    pitch = 60 + rng.integers(-20, 21, n)
    return Performance.from_arrays(onset, onset + 0.3, pitch, rng.integers(40, 100, n))


def heard(played: Performance, speed: float, shift_sec: float, seed: int = 1) -> Performance:
    """As ears would: 8 ms off, a fifth missed, a tenth invented."""
    rng = np.random.default_rng(seed)
    notes = played.notes[rng.random(len(played)) > 0.2].copy()
    for name in ("onset_sec", "offset_sec"):
        notes[name] = speed * notes[name] + shift_sec
    notes["onset_sec"] += rng.normal(0, 0.008, len(notes))
    notes["offset_sec"] += 0.1
    wrong = notes[rng.random(len(notes)) < 0.1].copy()
    wrong["pitch"] += 7
    return Performance(np.concatenate([notes, wrong])).shifted(0.0)


@pytest.mark.parametrize(("speed", "shift_sec"), [(1.0, 0.0), (1.0, 12.3), (1.0001, -3.0), (0.96, 40.0), (1.045, 5.0)])
def test_a_line_is_found_to_the_millisecond(speed: float, shift_sec: float) -> None:
    played = tune(0)
    line = find_line(played, heard(played, speed, shift_sec), 1000.0)
    ends_sec = np.array([0.0, played.duration_sec])
    assert line.to_sound(ends_sec) == pytest.approx(speed * ends_sec + shift_sec, abs=0.003)
    assert 0.7 < line.heard_share < 0.85
    assert 0.006 < line.spread_sec < 0.010


def test_half_a_recording_is_enough() -> None:
    played = tune(0, 600)
    late = Performance(played.notes[played.notes["onset_sec"] > played.duration_sec / 2])
    line = find_line(played, heard(late, 1.001, 0.5 - 1.001 * float(late.notes["onset_sec"][0])), 100.0)
    assert line.speed == pytest.approx(1.001, abs=1e-4)
    assert line.covered_share < 0.6


@pytest.mark.parametrize("seed", range(2, 7))
def test_strangers_are_refused(seed: int) -> None:
    with pytest.raises(InputError, match="do not belong together"):
        find_line(tune(0), heard(tune(seed), 1.0, 3.0), 1000.0)


@pytest.mark.parametrize("jump_sec", [0.1, 0.7, 30.0])
def test_a_cut_recording_is_refused(jump_sec: float) -> None:
    played = tune(0, 600)
    times = played.notes["onset_sec"] + jump_sec * (played.notes["onset_sec"] > 60)
    jumped = Performance.from_arrays(times, times + 0.2, played.notes["pitch"])
    with pytest.raises(InputError, match="no straight line joins them: around .* was it cut or edited"):
        find_line(played, jumped, 1000.0)


def test_too_few_notes_are_refused() -> None:
    with pytest.raises(InputError, match="the MIDI has 3 notes"):
        find_line(tune(0, 3), tune(0), 100.0)


def test_names_pair_and_the_rest_is_left_over() -> None:
    sounds = [Path("phone/a.wav"), Path("phone/b.m4a"), Path("phone/REC_1.m4a")]
    midis = [Path("yamaha/a.mid"), Path("yamaha/SONG1.MID")]
    pairs, left_sounds, left_midis = pair_by_name(sounds, midis)
    assert pairs == [(sounds[0], midis[0])]
    assert (left_sounds, left_midis) == (sounds[1:], midis[1:])


def test_only_half_of_what_is_needed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"")
    with pytest.raises(InputError, match="no MIDI files"):
        gather([tmp_path])
    with pytest.raises(InputError, match="does not exist"):
        gather([tmp_path / "nowhere"])


@pytest.mark.parametrize("suffix", [".flac", ".mid", ".png"])
def test_no_original_and_no_part_of_a_pair_is_replaced(
    tecla_exits: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    """A corpus in the recordings' own folder would take the place of their MIDI; whatever lies there already stays."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "a.wav").write_bytes(b"played")
    (tmp_path / "own" / "a.mid").write_bytes(b"pressed")
    assert tecla_exits("corpora", "add", str(tmp_path / "own"), "-o", str(tmp_path / "own"), "--force") == 2
    assert "a.mid is an input" in capsys.readouterr().err
    assert (tmp_path / "own" / "a.mid").read_bytes() == b"pressed"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / f"a{suffix}").touch()
    assert tecla_exits("corpora", "add", str(tmp_path / "own"), "-o", str(tmp_path / "mine")) == 2
    assert f"a{suffix} exists already" in capsys.readouterr().err


def test_from_a_phone_to_a_corpus(tecla_exits: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A recording that begins 4 s early, runs half a percent slow and hisses; named by the phone; and one that nobody played."""
    played = tune(5, 60).shifted(30.0)
    played = Performance(played.notes, Performance.from_arrays([], [], [], controls=[(29, SUSTAIN, 127), (35, SUSTAIN, 0)]).controls)
    dry = soxr.resample(render(played.shifted(-26.0)).mean(1), SAMPLE_RATE, round(SAMPLE_RATE * 1.005))
    rng = np.random.default_rng(0)
    sound = 0.3 * dry / np.abs(dry).max() + rng.normal(0, 2e-3, len(dry))
    for folder in ("phone", "yamaha"):
        (tmp_path / folder).mkdir()
    soundfile.write(tmp_path / "phone" / "REC_0001.wav", sound, SAMPLE_RATE, subtype="PCM_16")
    save_midi(played, tmp_path / "yamaha" / "SONG7.mid")
    save_midi(tune(6, 60), tmp_path / "yamaha" / "SONG8.mid")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    mine = tmp_path / "mine"
    assert tecla_exits("corpora", "add", str(tmp_path / "phone"), str(tmp_path / "yamaha"), "-o", str(mine)) == 0
    assert "REC_0001.wav and SONG7.mid" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in before} == before
    (pair,) = load_corpus(str(mine)).recordings
    assert pair.audio == mine / "REC_0001.flac"
    notes = load_midi(pair.midi)
    facts = json.loads((mine / "pairs.json").read_text())["REC_0001"]
    assert facts["midi_sha256"] == hashlib.sha256(before[tmp_path / "yamaha" / "SONG7.mid"]).hexdigest()
    expected_sec = (played.notes["onset_sec"] - 26.0) * 1.005 - facts["cut_sec"][0]
    assert notes.notes["onset_sec"] == pytest.approx(expected_sec, abs=0.01)
    assert notes.notes["onset_sec"][0] == pytest.approx(0.5, abs=0.01)  # the noise before the first note is gone
    assert notes.pedal_intervals()[0] == pytest.approx([0.0, (35 - 26) * 1.005 - facts["cut_sec"][0]], abs=0.02)
    assert soundfile.info(pair.audio).duration == pytest.approx(facts["cut_sec"][1] - facts["cut_sec"][0], abs=0.01)
    assert (mine / "REC_0001.png").read_bytes().startswith(b"\x89PNG")
    assert tecla_exits("corpora", "add", str(tmp_path / "phone"), str(tmp_path / "yamaha"), "-o", str(mine)) == 2
    assert "REC_0001.flac exists already" in capsys.readouterr().err
    (tmp_path / "yamaha" / "SONG7.mid").unlink()
    assert tecla_exits("corpora", "add", str(tmp_path / "phone"), str(tmp_path / "yamaha"), "-o", str(tmp_path / "other")) == 1
    assert "fits none of 1 MIDI files" in capsys.readouterr().err
