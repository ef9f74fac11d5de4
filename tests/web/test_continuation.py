"""Going on from a passage, whatever the pedal does before it."""

from pathlib import Path

import numpy as np
import pytest

from tecla import workbench
from tecla.music import Performance
from tecla.web.continuation import continued

WALTZ = Path(__file__).parents[2] / "demo" / "evening-waltz.mid"


@pytest.mark.parametrize("model", ["chorales", "performance"])
def test_new_music_follows_a_passage_whose_pedal_was_down_before_it(model: str) -> None:
    notes = workbench.load(WALTZ).notes
    notes = notes[(notes["onset_sec"] >= 4) & (notes["onset_sec"] < 10)]
    columns = [notes[name] for name in ("onset_sec", "offset_sec", "pitch")]
    asked = {"from_sec": 0.0, "to_sec": 10.0, "model": model, "seed": 7, "temperature": 1.0, "top_p": 0.98, "seconds": 3.0}
    plain = Performance.from_arrays(*columns)
    pedalled = Performance.from_arrays(*columns, controls=[(1.0, 64, 127), (9.9, 64, 0)])
    made = [continued(performance, asked) for performance in (plain, pedalled)]
    for performance, new_from_sec in made:
        assert np.array_equal(performance.notes["onset_sec"][: len(notes)], notes["onset_sec"])  # nothing is laid over the passage
        assert 10.0 < new_from_sec < 11.0
