"""tecla generate: what was asked for lies there with its provenance, and what cannot be is refused in one line."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tecla import workbench
from tecla.cli import main
from tecla.io.abc import load_abc
from tecla.io.midi import load_midi, save_midi
from tecla.io.musicxml import load_musicxml
from tecla.music import Performance
from tecla.music.score import unfold

CommandLine = Callable[..., int]
TUNE = "X:1\nT:Test\nZ: id:dc-reel-1\nM:C\nL:1/8\nK:D Major\nA2FA DAFA|d8:|!\n"

pytestmark = pytest.mark.usefixtures("here")


def melody(path: str = "melody.mid") -> Path:
    onset = np.arange(8) * 0.5
    save_midi(Performance.from_arrays(onset, onset + 0.45, [60, 62, 64, 65, 67, 65, 64, 62], 80), path)
    return Path(path)


def card(tiny: dict[str, Path], tokenizer: str) -> str:
    return f"{tiny[tokenizer]}.json"


def test_piano_with_its_provenance(tiny: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    main_quietly("generate", "--model", card(tiny, "continuous"), "--seconds", "5", "--seed", "3", "-o", "a.mid", "-o", "a.png")
    assert len(load_midi("a.mid"))
    assert Path("a.png").stat().st_size > 1000
    kept = json.loads(Path("a.mid.provenance.json").read_text())
    assert (kept["seed"], kept["model"]["name"], kept["request"]["seconds"]) == (3, "continuous", 5.0)
    told = capsys.readouterr().out
    assert "a.mid, a.png:" in told
    assert re.search(r"\d+ tokens and \d+ notes a second, [\d.]+ times real time", told)


def main_quietly(*arguments: str) -> None:
    with pytest.raises(SystemExit) as done:
        main(arguments)
    assert not done.value.code


def test_the_same_seed_gives_the_same_file(tiny: dict[str, Path]) -> None:
    for name in ("a.mid", "b.mid"):
        main_quietly("generate", "--model", card(tiny, "continuous"), "--seconds", "4", "--seed", "5", "-o", name)
    assert load_midi("a.mid") == load_midi("b.mid")


def test_going_on_keeps_the_prompt_or_leaves_it_away(tiny: dict[str, Path]) -> None:
    prompt = load_midi(melody())
    for extra, name in (([], "whole.mid"), (["--new-only"], "new.mid")):
        main_quietly("generate", "--model", card(tiny, "continuous"), "--prompt", "melody.mid", "--seconds", "4", "-o", name, *extra)
    whole, new = load_midi("whole.mid"), load_midi("new.mid")
    struck = [{(round(float(note["onset_sec"]), 3), int(note["pitch"])) for note in played.notes} for played in (prompt, whole)]
    assert struck[0] <= struck[1]
    assert len(whole) == len(prompt) + len(new)
    assert new.notes["onset_sec"].min() < 1.0


def test_a_recording_is_transcribed_and_gone_on_from(tiny: dict[str, Path]) -> None:
    main_quietly("render", str(melody()), "-o", "melody.wav")
    main_quietly("generate", "--model", card(tiny, "continuous"), "--prompt", "melody.wav", "--seconds", "2", "-o", "on.mid")
    on = load_midi("on.mid").notes
    assert on["pitch"][:7].tolist() == [60, 62, 64, 65, 67, 65, 64]
    assert len(on) > 8
    assert json.loads(Path("on.mid.provenance.json").read_text())["prompt"]["file"] == "melody.wav"


def test_a_recording_is_heard_once_for_all_variations(tiny: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[object] = []
    monkeypatch.setattr(workbench, "transcribe", lambda sound: heard.append(sound) or load_midi(melody()))
    options = ("--prompt", "take.wav", "--seconds", "1", "--variations", "2", "-o", "on.mid")
    Path("take.wav").touch()
    main_quietly("generate", "--model", card(tiny, "continuous"), *options)
    assert heard == [Path("take.wav")]
    assert len(load_midi("on-2.mid"))


def test_a_provenance_is_not_replaced_unasked(tiny: dict[str, Path], tecla_exits: CommandLine, capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.mid.provenance.json").write_text("mine")
    assert tecla_exits("generate", "--model", card(tiny, "continuous"), "--seconds", "1", "-o", "a.mid") == 2
    assert "a.mid.provenance.json exists already" in capsys.readouterr().err
    assert Path("a.mid.provenance.json").read_text() == "mine"


def test_a_fill_leaves_its_surroundings(tiny: dict[str, Path]) -> None:
    prompt = load_midi(melody())
    main_quietly("generate", "--model", card(tiny, "continuous"), "--prompt", "melody.mid", "--fill", "1.4-2.6", "-o", "filled.mid")
    filled = load_midi("filled.mid")
    kept = prompt.notes[(prompt.notes["onset_sec"] < 1.4) | (prompt.notes["onset_sec"] >= 2.6)]
    found = {(round(float(note["onset_sec"]), 2), int(note["pitch"])) for note in filled.notes}
    assert {(round(float(note["onset_sec"]), 2), int(note["pitch"])) for note in kept} <= found


def test_variations_are_numbered(tiny: dict[str, Path]) -> None:
    main_quietly("generate", "--model", card(tiny, "abc-characters"), "--bars", "2", "--variations", "3", "-o", "tune.abc")
    assert all(load_abc(f"tune-{number}.abc") for number in (1, 2, 3))


@pytest.mark.parametrize("tokenizer", ["abc-characters", "abc-tokens", "jsb-grid", "continuous"])
def test_each_is_written_on_a_page(tiny: dict[str, Path], tokenizer: str) -> None:
    how_much = ["--seconds", "5"] if tokenizer == "continuous" else ["--bars", "2"]
    main_quietly("generate", "--model", card(tiny, tokenizer), *how_much, "-o", "page.musicxml", "-o", "sound.mid")
    score = unfold(load_musicxml("page.musicxml"))
    assert len(score.notes()) >= (len(load_midi("sound.mid")) if tokenizer != "continuous" else 1)  # two voices in unison are one key


def test_tunes_go_on_as_abc_and_midi(tiny: dict[str, Path]) -> None:
    Path("prompt.abc").write_text(TUNE)
    main_quietly(
        "generate", "--model", card(tiny, "abc-characters"), "--prompt", "prompt.abc", "--bars", "2", "-o", "on.abc", "-o", "on.mid"
    )
    assert Path("on.abc").read_text().startswith(TUNE.removesuffix(":|!\n"))
    assert len(load_midi("on.mid")) > 9


def test_four_voices_beneath_a_melody(tiny: dict[str, Path]) -> None:
    melody()
    main_quietly(
        "generate", "--model", card(tiny, "jsb-grid"), "--prompt", "melody.mid", "--harmonise", "-o", "chorale.abc", "-o", "chorale.mid"
    )
    assert list(load_abc("chorale.abc")[0].voices) <= ["1", "2", "3", "4"]
    assert len(load_midi("chorale.mid")) >= 8


REFUSED = [
    (["--model", "nonesuch", "-o", "a.mid"], "model 'nonesuch' is unknown"),
    (["--model", "ABC", "-o", "a.mid", "--prompt", "melody.mid"], "give it an .abc prompt"),
    (["--model", "ABC", "-o", "a.mid", "--density", "3"], "cannot follow --density"),
    (["--model", "ABC", "-o", "a.mid", "--range", "60-72"], "cannot follow --range"),
    (["--model", "JSB", "-o", "a.mid", "--ending"], "cannot follow --ending"),
    (["--model", "JSB", "-o", "a.mid", "--prompt", "melody.mid", "--harmonise", "--bars", "2"], "cannot follow --bars"),
    (["--model", "PIANO", "-o", "a.mid", "--no-mask"], "cannot follow --no-mask"),
    (["--model", "PIANO", "-o", "a.mid", "--prompt", "melody.mid", "--fill", "1-2", "--seconds", "9"], "cannot follow --seconds"),
    (["--model", "PIANO", "-o", "a.mid", "--prompt", "melody.mid", "--fill", "1-2", "--ending"], "fills a gap and cannot follow --ending"),
    (["--model", "PIANO", "-o", "a.abc", "--seconds", "1"], "no bars to write down"),
    (["--model", "PIANO", "-o", "a.xyz"], "a.xyz cannot be written"),
    (["--model", "PIANO", "-o", "a.mid", "--prompt", "text.mid"], "text.mid cannot be read"),
    (["--model", "PIANO", "-o", "a.mid", "--prompt", "missing.mid"], "missing.mid cannot be read"),
    (["--model", "PIANO", "-o", "a.mid", "--prompt", "pedal.mid"], "pedal.mid has no notes"),
    (["--model", "PIANO", "-o", "a.mid", "--prompt", "long.mid"], "long.mid lasts 3.0 hours, more than 1"),
    (["--model", "PIANO", "-o", "melody.mid", "--prompt", "melody.mid", "--force"], "melody.mid is an input"),
    (["--model", "PIANO", "-o", "melody.mid"], "exists already"),
    (["--model", "PIANO", "-o", "a.mid", "--range", "9"], "two numbers with a dash"),
    (["--model", "PIANO", "-o", "a.mid", "--range", "90-40"], "the first number must be below"),
    (["--model", "PIANO", "-o", "a.mid", "--temperature", "-1"], "temperature is -1"),
    (["--model", "PIANO", "-o", "a.mid", "--key", "H"], "key 'H' is unknown"),
    (["--model", "PIANO", "-o", "a.mid", "--seconds", "99999"], "seconds is 99999"),
    (["--model", "PIANO", "-o", "a.mid", "--fill", "1-2"], "give the music around the gap"),
    (["--model", "JSB", "-o", "a.mid", "--harmonise"], "give the melody"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_what_cannot_be_is_refused_in_one_line(
    tiny: dict[str, Path], tecla_exits: CommandLine, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    melody()
    Path("text.mid").write_text("no MIDI")
    save_midi(Performance.from_arrays([], [], [], controls=[(0, 64, 127), (1, 64, 0)]), "pedal.mid")
    save_midi(Performance.from_arrays([0, 10_800], [1, 10_801], [60, 62]), "long.mid")
    names = {"ABC": card(tiny, "abc-characters"), "JSB": card(tiny, "jsb-grid"), "PIANO": card(tiny, "continuous")}
    assert tecla_exits("generate", *(names.get(argument, argument) for argument in arguments)) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not Path("a.mid").exists()


def test_a_copy_is_reported(capsys: pytest.CaptureFixture[str], tecla_exits: CommandLine) -> None:
    Path("corpus").mkdir()
    rng = np.random.default_rng(0)
    onset = np.cumsum(rng.choice([0.25, 0.5], 40))
    pitches = rng.integers(50, 80, 40)
    save_midi(Performance.from_arrays(onset, onset + 0.2, pitches), "corpus/known.mid")
    save_midi(Performance.from_arrays(onset * 1.5, onset * 1.5 + 0.2, pitches + 3), "copy.mid")
    save_midi(Performance.from_arrays(onset, onset + 0.2, rng.integers(50, 80, 40)), "new.mid")
    assert tecla_exits("evaluate", "originality", "copy.mid", "new.mid", "--corpus", "corpus") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].startswith("copy.mid: COPY")
    assert lines[-1].startswith("new.mid: no copy (no human pieces to compare with")
