"""Many performances in one file, and back."""

from pathlib import Path

import numpy as np
import pytest

from tecla.music import SOFT, SUSTAIN, Performance
from tecla.training.pack import load_pack, save_pack


def played(seed: int, n_notes: int) -> Performance:
    rng = np.random.default_rng(seed)
    onset = np.sort(rng.uniform(0, 600, n_notes))
    pedal = [(time, SUSTAIN, value) for time, value in zip(np.arange(0, 600, 30.0), [127, 0] * 10, strict=True)]
    return Performance.from_arrays(
        onset, onset + rng.uniform(0.01, 9, n_notes), rng.integers(21, 109, n_notes), rng.integers(1, 128, n_notes), controls=pedal
    )


def test_notes_and_pedals_come_back_within_half_a_millisecond(tmp_path: Path) -> None:
    wanted = [played(0, 500), played(1, 1), played(2, 3000)]
    save_pack(wanted, tmp_path / "a.npz")
    found = load_pack(tmp_path / "a.npz")
    assert [len(p) for p in found] == [500, 1, 3000]
    for before, after in zip(wanted, found, strict=True):
        for name in ("onset_sec", "offset_sec"):
            assert np.abs(np.sort(before.notes[name]) - np.sort(after.notes[name])).max() <= 0.0005
        assert sorted(before.notes["velocity"]) == sorted(after.notes["velocity"])
        assert np.array_equal(before.pedal_intervals(), after.pedal_intervals())


def test_small_pedal_movements_are_thinned_but_the_switch_is_kept(tmp_path: Path) -> None:
    slow = [(0.01 * i, SUSTAIN, value) for i, value in enumerate([*range(128), *range(127, -1, -1)])]
    performance = Performance.from_arrays([0.0], [3.0], [60], [64], controls=[*slow, (1.0, SOFT, 1)])
    save_pack([performance], tmp_path / "a.npz")
    (found,) = load_pack(tmp_path / "a.npz")
    assert len(found.controls) < 60
    assert np.allclose(found.pedal_intervals(), performance.pedal_intervals(), atol=0.0005)
    assert (found.controls["number"] == SOFT).sum() == 1


def test_an_interrupted_write_leaves_the_old_pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_pack([played(0, 5)], tmp_path / "a.npz")

    def failing(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez_compressed", failing)
    with pytest.raises(OSError, match="disk full"):
        save_pack([played(1, 9)], tmp_path / "a.npz")
    assert len(load_pack(tmp_path / "a.npz")[0]) == 5
