"""A run's folder: begun, stopped, resumed to the bit, judged, drawn."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import mido
import numpy as np
import pytest
import torch

from tecla.errors import InputError, OptionError, OutputError
from tecla.io.audio import save_audio
from tecla.io.midi import save_midi
from tecla.models.harmonic import HarmonicConfig, Heads
from tecla.music import Performance
from tecla.training import acoustics, loop, run, transcriber, validation
from tecla.training.examples import ExampleConfig
from tecla.training.journal import Journal
from tecla.training.material import Share, is_held_out, load_material
from tecla.training.run import RunOptions
from tecla.training.sound import Sound
from tecla.training.stored import load_stored
from tecla.training.team import Team
from tecla.transcription import targets
from tecla.transcription.network import Activations, find_weights

CPU = torch.device("cpu")
ALONE = Team(CPU)
BothWays = Callable[[RunOptions, int], tuple[loop.State, loop.State]]


@pytest.fixture
def options(banks_folder: Path, monkeypatch: pytest.MonkeyPatch) -> RunOptions:
    """A run that takes a second: a tiny network, short examples, one take to judge by."""
    monkeypatch.setitem(run.SIZES, "small", HarmonicConfig(channels=4, blocks=1, mix_channels=1, memory=2, pedal_memory=2))
    monkeypatch.setattr(validation, "MOST_TAKES", 1)
    for length in ("_RESONANCE_SAMPLES", "_ROOM_SAMPLES"):
        monkeypatch.setattr(acoustics, length, 1600)
    return RunOptions(pianos=str(banks_folder), size="small", steps=4, batch=1, n_frames=30, save_every=2)


def weights(state: loop.State) -> list[torch.Tensor]:
    return [*state.network.state_dict().values(), *state.average.state_dict().values()]


def test_a_stopped_run_goes_on_to_the_same_weights(options: RunOptions, both_ways: BothWays) -> None:
    straight, resumed = both_ways(options, 3)
    assert resumed.step == straight.step == 4
    assert all(torch.equal(a, b) for a, b in zip(weights(straight), weights(resumed), strict=True))
    assert [row["step"] for row in resumed.history] == [row["step"] for row in straight.history]


def test_a_run_leaves_what_its_page_promises(options: RunOptions, tmp_path: Path) -> None:
    run.begin(tmp_path / "a", options)
    run.go_on(tmp_path / "a", ALONE)
    assert (tmp_path / "a" / "loss.png").read_bytes().startswith(b"\x89PNG")
    assert list((tmp_path / "a" / "events").glob("events.out.tfevents.*"))
    log = [json.loads(line) for line in (tmp_path / "a" / "log.jsonl").read_text().splitlines()]
    assert {row["step"] for row in log if "loss" in row} == {1, 2, 3, 4}
    assert {row["step"] for row in log if "onset_f1" in row} == {2, 4}
    best = load_stored(tmp_path / "a" / "best.safetensors")
    assert best["metrics"]["onset_f1"] >= 0
    assert run.load_options(tmp_path / "a") == options


def test_minutes_become_steps_once(options: RunOptions, tmp_path: Path) -> None:
    run.begin(tmp_path / "a", replace(options, steps=None, minutes=1e-9))
    state = run.go_on(tmp_path / "a", ALONE)
    assert state.step == run.load_options(tmp_path / "a").steps == 20


def test_a_run_that_no_longer_gains_ends_early(options: RunOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation.Validation, "__call__", lambda *_: {"onset_f1": 0.5})
    run.begin(tmp_path / "a", replace(options, steps=40, patience=3))
    assert run.go_on(tmp_path / "a", ALONE).step == 8  # judged at 2, 4, 6, 8: three times no better than the first


def test_a_teacher_is_half_of_what_a_run_learns(options: RunOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted: list[torch.Tensor] = []

    def loss(heads: Heads, keys: torch.Tensor, pedals: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        wanted.append(keys.float())
        return heads.keys.float().square().sum() + heads.pedals.float().square().sum(), {}

    monkeypatch.setattr(transcriber, "transcription_loss", loss)
    for name, teacher in (("alone", None), ("taught", "default")):
        run.begin(tmp_path / name, replace(options, teacher=teacher, steps=1))
        run.go_on(tmp_path / name, ALONE)
    alone, taught = wanted
    told = 2 * taught - alone  # what the teacher heard: odds
    assert -1e-3 < float(told.min()) < float(told.max()) < 1 + 1e-3
    assert not torch.allclose(told, alone, atol=0.01)
    assert (tmp_path / "taught" / run.TEACHER).read_bytes() == find_weights("default").read_bytes()
    assert any("MAESTRO" in title for title in run.load_sources(tmp_path / "taught"))  # whose licence is handed on
    assert not any("MAESTRO" in title for title in run.load_sources(tmp_path / "alone"))


def test_a_run_is_not_begun_over_another(options: RunOptions, tmp_path: Path) -> None:
    run.begin(tmp_path / "a", options)
    run.begin(tmp_path / "a", options)  # nothing was learned: its corpora may have been refused
    (tmp_path / "a" / run.SOURCES).write_text("{}")
    with pytest.raises(OutputError, match="holds a run already"):
        run.begin(tmp_path / "a", options)


def test_a_folder_without_a_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no run"):
        run.load_options(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": "5"}, 'steps is "5"'),
        ({"steps": True}, "steps is true"),
        ({"steps": 10**400}, "steps is"),
        ({"seed": -1}, "seed is -1"),
        ({"peak_rate": float("nan")}, "peak_rate is nan"),
        ({"corpora": [1]}, "corpora is"),
        ({"corpora": "maestro:there"}, "corpora is"),
        ({"pianos": ["a"]}, "pianos is"),
        ({"size": "huge"}, "size is 'huge'"),
        ({"batch": 10**9}, "batch is 1000000000: must be at most"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_run_that_asks_for_what_cannot_be_is_one_line(tmp_path: Path, change: dict[str, object], message: str) -> None:
    (tmp_path / "run.json").write_text(json.dumps({**asdict(RunOptions(steps=5)), **change}))
    with pytest.raises(InputError, match=message) as said:
        run.load_options(tmp_path)
    assert "\n" not in str(said.value)


@pytest.mark.parametrize("text", ["", "[]", "null", "[" * 100_000, '"' + "x" * 2**20 + '"', "\x00", "{"])
def test_a_run_file_that_is_none_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(InputError, match=r"run.json: "):
        run.load_options(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": "huge"}, "size is 'huge'"),
        ({"steps": None}, "either minutes or steps"),
        ({"batch": 0}, "batch is 0"),
        ({"steps": -1}, "steps"),
    ],
)
def test_options_out_of_bounds_are_named(tmp_path: Path, change: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        run.begin(tmp_path / "a", replace(RunOptions(steps=5), **change))  # type: ignore[arg-type]
    assert not (tmp_path / "a").exists()


def test_a_journal_forgets_what_came_after_its_last_step(tmp_path: Path) -> None:
    with Journal(tmp_path, []) as journal:
        journal.write({"step": 1, "loss": 3.0})
        journal.write({"step": 2, "loss": 2.0})
    with Journal(tmp_path, [{"step": 1, "loss": 3.0}]) as journal:
        journal.write({"step": 2, "loss": 2.5})
    assert [json.loads(line)["loss"] for line in (tmp_path / "log.jsonl").read_text().splitlines()] == [3.0, 2.5]


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """A folder of recordings with sound and notes, of which exactly one is held out."""
    folder = tmp_path / "pairs"
    folder.mkdir()
    names = [f"take{number}" for number in range(200)]
    held = [name for name in names if is_held_out(f"folder:{name}")][:1]
    for name in [*held, *[name for name in names if not is_held_out(f"folder:{name}")][:2]]:
        save_midi(Performance.from_arrays([0.1, 0.5], [0.4, 0.9], [60, 64]), folder / f"{name}.mid")
        tone = (0.3 * np.sin(np.arange(16000) / 10)).astype(np.float32)
        save_audio(folder / f"{name}.wav", [np.stack([tone, tone], 1)], 16000)
    return folder


def test_material_is_split_by_composition(pairs: Path) -> None:
    read: list[tuple[int, int]] = []
    material = load_material([f"folder:{pairs}"], lambda done, total: read.append((done, total)))
    assert (len(material.train.recorded), len(material.validation.recorded)) == (2, 1)
    assert material.train.sounds[0].dtype == np.int16
    assert np.abs(material.train.sounds[0]).max() == pytest.approx(0.3 * 32767, rel=0.02)
    assert read[-1] == (3, 3)
    assert list(material.licences.values()) == ["the owner's"]


def test_without_a_corpus_the_music_is_made_up_and_free() -> None:
    material = load_material(())
    assert not material.train.performances
    assert list(material.licences.values()) == ["free for any use"]


def test_a_corpus_with_nothing_to_train_on_is_named(tmp_path: Path) -> None:
    """Recordings of the split called test are never trained on."""
    mido.MidiFile(tracks=[mido.MidiTrack([mido.Message("note_on", note=60)])]).save(tmp_path / "piece_ENSTDkCl.mid")
    with pytest.raises(InputError, match="nothing to train on"):
        load_material([f"maps:{tmp_path}"])


def test_recorded_takes_start_with_the_recording(pairs: Path) -> None:
    (take,) = validation.recorded_takes(load_material([f"folder:{pairs}"]).validation)
    assert take.played.notes["pitch"].tolist() == [60, 64]
    assert take.samples[:4096].abs().max() == 0  # the margin before the first frame
    assert take.samples[4096:].std() > 0.02


def test_held_out_music_is_rendered_where_there_is_no_recording(options: RunOptions, banks_folder: Path) -> None:
    config = ExampleConfig(n_frames=60, rendered=1, recorded=0)
    sound = run.make_sound(config, banks_folder, [], CPU)
    (take,) = validation.rendered_takes(Share(), sound, config)
    assert take.samples.isfinite().all()
    assert (take.played.notes["onset_sec"] < 1.2).all()


def test_a_run_can_begin_with_the_weights_that_ship(
    pairs: Path, banks_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before its first step the network says what the .onnx file says; its licences are inherited; its export is a model again."""
    from tecla.training.release import export_run
    from tecla.transcription.network import Network, find_weights

    monkeypatch.setattr(validation, "MOST_TAKES", 1)
    for length in ("_RESONANCE_SAMPLES", "_ROOM_SAMPLES"):
        monkeypatch.setattr(acoustics, length, 1600)
    options = RunOptions(
        corpora=(f"folder:{pairs}",), pianos=str(banks_folder), init="pretrained", steps=1, batch=2, n_frames=20, save_every=1
    )
    run.begin(tmp_path / "a", options)
    network = run.network_of(tmp_path / "a", options)().eval()
    features = np.random.default_rng(0).normal(size=(3, 30, 396)).astype(np.float32)
    shipped = Network(find_weights("default"))(features)
    with torch.no_grad():
        heads = network(torch.from_numpy(features)[None])
    assert torch.sigmoid(heads.keys[0]).numpy() == pytest.approx(shipped.keys, abs=1e-4)
    run.go_on(tmp_path / "a", ALONE)
    assert any("NC" in licence for licence in run.load_sources(tmp_path / "a").values())
    card = json.loads(export_run(tmp_path / "a", tmp_path / "mine.onnx").read_text())
    assert "non-commercial" in card["licence"]
    assert card["calibration"] == json.loads(find_weights("default").with_suffix(".json").read_text())["calibration"]
    learned = Network(tmp_path / "mine.onnx")(features)
    assert 0 < np.abs(learned.keys - shipped.keys).max() < 1
    with pytest.raises(OptionError, match="there is no model 'best'"):
        run.begin(tmp_path / "b", replace(options, init="best"))


def test_where_no_recording_is_held_out_their_ends_are() -> None:
    from tecla.training.material import hold_out_ends

    whole = Performance.from_arrays([1.0, 8.4, 9.0], [2.0, 8.45, 9.5], [60, 62, 64], controls=[(0.5, 64, 127), (9.2, 64, 0)])
    train, held = hold_out_ends(Share([], [whole], [np.arange(160_000).astype(np.int16)]))
    assert train.recorded[0].notes["onset_sec"].tolist() == [1.0, 8.4]
    assert held.recorded[0].notes["onset_sec"] == pytest.approx([0.5])
    assert len(train.sounds[0]) == 136_000
    assert held.sounds[0][0] == train.sounds[0][-1] + 1


class Timid(torch.nn.Module):
    """Knows every onset of its only take, and believes none of them by more than a quarter."""

    def __init__(self, played: Performance, n_frames: int) -> None:
        super().__init__()
        wanted = targets.encode(played, 0.0, n_frames)
        self.keys = torch.from_numpy(wanted.keys)[None] * 0.25
        self.pedals = torch.from_numpy(wanted.pedals)[None]

    def forward(self, features: torch.Tensor) -> Heads:
        return Heads(torch.logit(self.keys, 1e-3), torch.logit(self.pedals, 1e-3))


def test_a_timid_network_is_judged_at_the_threshold_that_suits_it() -> None:
    onset = np.arange(8) * 0.25 + 0.1
    played = Performance.from_arrays(onset, onset + 0.2, 60 + np.arange(8), 70)
    samples = np.random.default_rng(0).normal(0, 0.1, 3 * 16000).astype(np.float32)
    judge = validation.Validation(
        Share(recorded=[played], sounds=[(samples * 3000).astype(np.int16)]),
        Sound(ExampleConfig(), None, torch.zeros(2), torch.tensor([0])),
        ExampleConfig(),
    )
    network = Timid(judge.takes[0].played, 150)
    found = judge(network)
    assert (found["onset_f1"], found["onset_threshold"]) == (1, 0.2)
    assert len(validation.decode(Activations(network.keys[0].numpy(), network.pedals[0].numpy()))) == 0
