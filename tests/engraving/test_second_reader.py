"""Pages as others see them: valid by the MusicXML schema, and the same notes when partitura reads them."""

import re
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import partitura
    from partitura.io.importmusicxml import validate_musicxml

from tecla.engraving import Wishes, engrave
from tecla.io.musicxml import save_musicxml
from tecla.music import Performance
from tecla.music.notation import TimeSignature
from tecla.music.score import Score


def take(seed: int) -> Performance:
    """Chords, runs, grace notes and pedals at random, on a rough beat of half a second."""
    rng = np.random.default_rng(seed)
    onset = np.sort(rng.choice(np.arange(0, 20, 0.125), 90)) + rng.normal(0, 0.01, 90)
    lasting = rng.choice([0.1, 0.25, 0.5, 1.0], 90)
    pitch = 28 + rng.permutation(68)[np.arange(90) % 68]  # a key struck twice in a chord has no one notation
    pedals = [(float(t), 64, 127 * (k % 2 == 0)) for k, t in enumerate(np.arange(0.3, 20, 0.9))]
    return Performance.from_arrays(onset + 1, onset + 1 + lasting, pitch, rng.integers(20, 120, 90), controls=pedals)


PAGES = [(seed, level) for seed in range(4) for level in ("faithful", "clean", "easy")]


@pytest.fixture(params=PAGES, ids=lambda page: f"{page[1]}-{page[0]}")
def page(request: pytest.FixtureRequest) -> Score:
    """A page of a random take."""
    seed, level = request.param
    metre = (None, TimeSignature(6, 8), TimeSignature(3, 4), None)[seed]
    return engrave(take(seed), Wishes(title="Odd & <odd>", composer="Nobody", time=metre, level=level, swing=seed == 3))


def test_a_page_is_valid_and_read_alike(page: Score, tmp_path: Path) -> None:
    path = tmp_path / "page.musicxml"
    save_musicxml(page, path)
    older = tmp_path / "older.musicxml"  # partitura's schema is 3.1, which does not know how much a swing mark swings
    older.write_text(re.sub(r"<sound>\s*<swing>.*?</swing>\s*</sound>", "", path.read_text("utf-8"), flags=re.DOTALL), "utf-8")
    validate_musicxml(str(older), debug=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        part = partitura.load_musicxml(str(path))[0]
    rows = part.note_array()[["onset_quarter", "duration_quarter", "pitch"]].tolist()
    read = Counter((round(onset, 3), round(duration, 3), pitch) for onset, duration, pitch in rows)
    first = min(onset for onset, _, _ in read)  # partitura counts from the first bar line, so a pickup lies before 0
    ours = Counter((round(float(n.onset), 3), round(float(n.duration), 3), n.pitch.midi) for n in page.notes())
    shift = first - min(onset for onset, _, _ in ours)
    assert read == Counter({(round(onset + shift, 3), *rest): count for (onset, *rest), count in ours.items()})
