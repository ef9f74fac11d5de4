"""What the beat networks are told, that playing differently keeps the truth, and that torch and ONNX agree."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

pytest.importorskip("torch")

import torch

from tecla.corpora.asap import Annotations
from tecla.engraving.pulse import HEADS, METRES, N_FEATURES, N_OUTPUTS, PERIODS, find_strokes, stroke_features
from tecla.engraving.tempo import tempo_candidates
from tecla.models.dilated import BEATS, DilatedNet, TempoNet
from tecla.music import Performance
from tecla.training.pulse import WEIGHTS, row, windows
from tecla.training.pulse_targets import Beaten, beaten, bend, join_hands, tell, window
from tecla.training.readers import Pool, ReaderRecipe, costs, export_rows, head_costs, learn_to_read, stack, total_cost, whole
from tecla.training.tempo import TempoRecipe, export_tempo, tempo_cost, train_tempo


def waltz(bars: int = 40, beat_sec: float = 0.5) -> Beaten:
    """A bass note on the bar line, chords on the other beats, a tune in eighths."""
    beats = np.arange(3 * bars) * beat_sec
    rows = [(t, 48 if k % 3 == 0 else 60, 80) for k, t in enumerate(beats)]
    rows += [(t + half * beat_sec, 76 + (k * 3 + half * 2) % 7, 70) for k, t in enumerate(beats) for half in (0.0, 0.5)]
    onset, pitch, velocity = np.array(sorted(rows)).T
    performance = Performance.from_arrays(onset, onset + 0.4 * beat_sec, np.round(pitch), velocity)
    return beaten(performance, Annotations(beats, beats[::3], ((0.0, "3/4"),), ((0.0, 0),)))


def test_strokes_are_told_their_beats() -> None:
    piece = waltz(4)
    strokes = find_strokes(piece.performance.notes["onset_sec"])
    told = tell(strokes, piece)
    assert told.beat[:7].tolist() == [1, 0, 1, 0, 1, 0, 1]
    assert told.downbeat[:7].tolist() == [1, 0, 0, 0, 0, 0, 1]
    assert told.phase[:3].tolist() == [0, 6, 0]
    assert told.beat_in_bar[:7].tolist() == [0, 0, 1, 1, 2, 2, 0]
    assert np.allclose(told.log_period[:-3], -1.0)


@pytest.mark.parametrize("seed", range(6))
def test_bent_and_joined_playing_stays_on_its_beats(seed: int) -> None:
    rng = np.random.default_rng(seed)
    played = bend(join_hands(window(waltz(), 20, 160), waltz(beat_sec=0.8), rng), rng)
    told = tell(find_strokes(played.performance.notes["onset_sec"]), played)
    assert (np.diff(played.beats_sec) > 0).all()
    assert np.isin(told.phase[told.phase >= 0], [11, 0, 1, 5, 6, 7]).mean() > 0.9
    assert (told.beat == 1).sum() > 5


def test_features_do_not_know_the_key() -> None:
    piece = window(waltz(), 0, 120)
    strokes = find_strokes(piece.performance.notes["onset_sec"])
    higher = piece.performance.transposed(3)
    seen, moved = stroke_features(piece.performance, strokes), stroke_features(higher, strokes)
    assert seen.shape == (len(strokes.onset_sec), N_FEATURES)
    changed = np.abs(seen - moved).max(axis=0) > 1e-6
    assert changed.sum() == 2  # the heights of the lowest and the highest note
    assert np.allclose(tempo_candidates(piece.performance, strokes), tempo_candidates(higher, strokes))


def test_twice_as_slow_looks_the_same_an_octave_of_tempo_later() -> None:
    fast, slow = (waltz(60, beat_sec) for beat_sec in (0.25, 0.5))
    seen = [tempo_candidates(p.performance, find_strokes(p.performance.notes["onset_sec"]))[20] for p in (fast, slow)]
    octave = round(1 / (PERIODS[1] - PERIODS[0]))
    alike = np.array([np.corrcoef(seen[0][k], seen[1][k + octave])[0, 1] for k in range(4, 16)])
    assert alike.mean() > 0.7


def test_the_tempo_of_a_waltz_is_learned() -> None:
    net = train_tempo([[waltz(40, beat_sec)] for beat_sec in (0.4, 0.5, 0.62)], TempoRecipe(steps=60, batch=32, every=8))
    net.eval()
    piece = waltz(40, 0.45)
    seen = torch.from_numpy(tempo_candidates(piece.performance, find_strokes(piece.performance.notes["onset_sec"])))
    best = PERIODS[net(seen).detach().mean(0).argmax()]
    assert best == pytest.approx(np.log2(0.45), abs=0.2)
    assert float(tempo_cost(torch.zeros(1, len(PERIODS)), torch.zeros(1))) == pytest.approx(np.log(len(PERIODS)))


def small() -> DilatedNet:
    return DilatedNet(replace(BEATS, channels=16, dropout=0.0))


def test_unknown_targets_cost_nothing() -> None:
    rows = stack([next(windows([[waltz()]], np.random.default_rng(0)))], 300)  # longer than the window
    calm = torch.zeros(1, 300, N_OUTPUTS)
    wild = torch.where(rows.classes["metre"][..., None] < 0, 50.0, calm)
    assert head_costs(calm, rows, HEADS)["metre"] == head_costs(wild, rows, HEADS)["metre"] == pytest.approx(np.log(len(METRES)))
    nothing = replace(rows, classes={name: torch.full_like(target, -1) for name, target in rows.classes.items()})
    assert total_cost(head_costs(calm, nothing, HEADS), WEIGHTS) == 0.0


def test_the_average_that_costs_least_is_kept(tmp_path: Path) -> None:
    batches = Pool(windows([[waltz()]], np.random.default_rng(0)), 2, 8, 2, lambda rows: stack(rows, 64), 0)
    held = [whole(row)(waltz(20, 0.7))]
    net = learn_to_read(small, batches, HEADS, WEIGHTS, held, ReaderRecipe(steps=20, rate=1e-2, warm_up=2, judge_every=10), tmp_path)
    torch.manual_seed(0)
    before, after = (float(total_cost(costs(one.eval(), held[0], HEADS), WEIGHTS).detach()) for one in (small(), net))
    assert after < 0.8 * before


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torch_and_onnx_agree(tmp_path: Path) -> None:
    piece = waltz()
    strokes = find_strokes(piece.performance.notes["onset_sec"])
    beats, tempo = DilatedNet(replace(BEATS, channels=16)).eval(), TempoNet().eval()
    export_rows(beats, tmp_path / "beats.onnx", "strokes", N_FEATURES)
    export_tempo(tempo, tmp_path / "tempo.onnx")
    for net, name, key, seen in (
        (beats, "beats.onnx", "strokes", stroke_features(piece.performance, strokes)[None]),
        (tempo, "tempo.onnx", "candidates", tempo_candidates(piece.performance, strokes)),
    ):
        out = onnxruntime.InferenceSession(str(tmp_path / name), providers=["CPUExecutionProvider"]).run(None, {key: seen})[0]
        assert np.allclose(out, net(torch.from_numpy(seen)).detach().numpy(), atol=1e-3)
