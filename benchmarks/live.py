"""What it costs to hear at once: python benchmarks/live.py MAPS_FOLDER [--seconds 60] [--look-ahead 150 300 500]

The beginning of the demo recording and of each take of a MAPS folder, heard whole and heard live. Notes are judged against the MIDI,
less the one constant shift that suits the whole-file transcription best. Latency is the sound that had been heard when a note was
told, less the note's own onset: computing comes on top, as a share of one core.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from tecla.corpora import maps
from tecla.evaluation import notes, shift, uncertainty
from tecla.io.audio import load_audio
from tecla.io.midi import load_midi
from tecla.music import Performance
from tecla.music.events import events_to_performance
from tecla.transcription import Transcriber
from tecla.transcription.live import LiveTranscriber

RATE = 16_000
PIECE_SAMPLES = 320
DEMO = Path(__file__).parents[1] / "demo" / "evening-waltz"
FIGURES = ("onset", "onset+velocity", "onset+offset key", "onset+offset sounding")


def beginning(performance: Performance, seconds: float) -> Performance:
    return Performance(
        performance.notes[performance.notes["onset_sec"] < seconds], performance.controls[performance.controls["time_sec"] < seconds]
    )


def hear_live(sound: np.ndarray, look_ahead_sec: float) -> tuple[Performance, list[float], float]:
    """What was heard, how late each note was told (seconds of sound), and processor seconds a second."""
    live, events, late_sec = LiveTranscriber.load("default", look_ahead_sec), [], []
    begin = time.process_time()
    for start in range(0, len(sound), PIECE_SAMPLES):
        told = live.push(sound[start : start + PIECE_SAMPLES])
        events += told
        late_sec += [(start + PIECE_SAMPLES) / RATE - event.time_sec for event in told if event.kind == "note_on"]
    events += live.flush()
    return events_to_performance(events), late_sec, (time.process_time() - begin) / (len(sound) / RATE)


def judge(reference: Performance, estimate: Performance, shift_sec: float) -> list[float]:
    key = notes.evaluate(reference, estimate.shifted(-shift_sec), offsets="key")
    sounding = notes.evaluate(reference, estimate.shifted(-shift_sec), offsets="sounding")
    return [key.onset.f1, key.onset_velocity.f1, key.onset_offset.f1, sounding.onset_offset.f1]


def row(name: str, values: Sequence[float], rest: str = "") -> None:
    print(f"{name:28s}" + " ".join(f"{value:.3f}" for value in values) + f"  {rest}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--look-ahead", type=int, nargs="+", default=[150, 300, 500], metavar="MS")
    options = parser.parse_args()
    takes = [("demo", DEMO.with_suffix(".ogg"), DEMO.with_suffix(".mid"))]
    takes += [(take.name, take.audio, take.midi) for take in maps.load(options.folder).recordings if take.audio is not None]
    whole, found, late = Transcriber.load(threads=1), dict[int, list[list[float]]](), dict[int, list[float]]()
    print(f"{'':28s}{', '.join(FIGURES)}")
    for name, sound_path, midi_path in takes:
        sound = load_audio(sound_path)[: int(options.seconds * RATE)]
        reference = beginning(load_midi(midi_path), options.seconds)
        offline = whole.transcribe(partial(list, (sound,)))
        shift_sec = shift.evaluate(reference, offline).shift_sec
        found.setdefault(0, []).append(judge(reference, offline, shift_sec))
        row(f"{name}, whole", found[0][-1])
        for look_ahead in options.look_ahead:
            estimate, late_sec, load = hear_live(sound, look_ahead / 1000)
            found.setdefault(look_ahead, []).append(judge(reference, estimate, shift_sec))
            late.setdefault(look_ahead, []).extend(late_sec)
            row(f"  {look_ahead} ms", found[look_ahead][-1], f"{load:.2f} of a core")
    for look_ahead in options.look_ahead:
        share = np.array(found[look_ahead]) / np.array(found[0])
        spread = uncertainty.evaluate(share[:, 0].tolist())
        latency = f"{np.median(late[look_ahead]) * 1000:.0f} ms, 95 % within {np.percentile(late[look_ahead], 95) * 1000:.0f} ms"
        row(
            f"share kept, {look_ahead} ms",
            share.mean(0),
            f"onset {spread.mean:.3f} [{spread.low:.3f}, {spread.high:.3f}]; told after {latency}",
        )


if __name__ == "__main__":
    main()
