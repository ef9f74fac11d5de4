"""The waveform shows when it sounds, and how loud."""

from pathlib import Path

import numpy as np
from PIL import Image

from tecla.music import Performance
from tecla.rendering.layout import MARGIN
from tecla.rendering.waveform import ROW_HEIGHT, columns, draw_waveform
from tecla.workbench import draw


def test_columns_worked_by_hand() -> None:
    sound = np.array([[0.0, 0.5], [-1.0, 0.25], [0.0, 0.0], [0.0, 0.0], [0.2, 0.1]])
    peak, loud = columns([sound[:3], sound[3:]], 2 / 44_100)
    assert peak.tolist() == [1.0, 0.0, 0.2]
    assert np.allclose(loud, [np.sqrt((0.5**2 + 1) / 2), 0.0, 0.2])


def test_sound_is_where_notes_are(tmp_path: Path) -> None:
    draw_waveform(Performance.from_arrays([0.0, 6.0], [0.3, 6.3], [60, 64], [100, 100]), tmp_path / "a.png", "two notes")
    with Image.open(tmp_path / "a.png") as opened:
        picture = np.asarray(opened.convert("RGB")).astype(int)
    row = picture[130 : 130 + ROW_HEIGHT, MARGIN : picture.shape[1] - MARGIN]
    coloured = ((row.max(2) - row.min(2)) > 60).sum(0)
    second = row.shape[1] / 10
    assert coloured[round(6.05 * second) : round(6.2 * second)].min() > 10
    assert coloured[round(5.0 * second) : round(5.9 * second)].max() < 5


def test_nothing_is_silence_and_the_suffix_decides(tmp_path: Path) -> None:
    draw(Performance(), tmp_path / "a.waveform.png")
    draw(Performance(), tmp_path / "a.png")
    with Image.open(tmp_path / "a.waveform.png") as sound, Image.open(tmp_path / "a.png") as roll:
        assert sound.size != roll.size
        assert len(np.unique(np.asarray(sound)[130 : 130 + ROW_HEIGHT])) < 10  # paper and grid
