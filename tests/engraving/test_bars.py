"""Voices that share a staff, in measures."""

from tecla.engraving.bars import build_measures
from tecla.engraving.counting import TICKS, Bar
from tecla.engraving.placed import Placed
from tecla.music.notation import TimeSignature


def test_the_upper_of_two_voices_has_its_stems_up_whichever_began() -> None:
    bass = [Placed(0, 3 * TICKS, 43, 2, 0, voice=5, fifths=1)]
    chords = [Placed(k * TICKS, (k + 1) * TICKS, 59, 2, k, voice=6, fifths=5) for k in (1, 2)]
    (measure,) = build_measures([*bass, *chords], [Bar(0, 3 * TICKS, TimeSignature(3, 4))], [0])
    stems = {head.pitch.midi: event.stem for voice in (5, 6) for event in measure.voices[voice] for head in event.heads}
    assert stems == {43: "down", 59: "up"}
