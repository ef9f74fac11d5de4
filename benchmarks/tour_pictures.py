"""The pictures of docs/tour.md: the demo recording at each stage of its way, drawn from what the stages really hand on.

python benchmarks/tour_pictures.py demo/evening-waltz.ogg -o docs/images
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tecla.composition import Request, compose
from tecla.corpora.pictures import COLOURS, make_figure, plain, save_figure
from tecla.io.audio import load_audio
from tecla.rendering.pianoroll import draw_piano_roll
from tecla.transcription import Transcriber
from tecla.transcription.coherence import mend_pedal
from tecla.transcription.decode import DecodeConfig, decode_notes, decode_pedal, find_peaks, frames_to_sec, log_odds, peak_shift, stack
from tecla.transcription.features import BINS_PER_SEMITONE, FRAME_RATE, MARGIN_SAMPLES, SAMPLE_RATE, WINDOWS, spectrogram
from tecla.transcription.level import NOMINAL_DB, block_power, loud_part_of
from tecla.transcription.network import Activations
from tecla.transcription.targets import KEY_CHANNELS
from tecla.transcription.transcriber import perform

SHOWN_SEC = 5.0
LOW, HIGH = 36, 96  # MIDI pitches shown
_ONSET, _SOUNDING, _KEY, _KEY_UP = (KEY_CHANNELS.index(name) for name in ("onset", "sounding", "key", "key_up"))


def sound(samples: NDArray[np.float32], folder: Path) -> np.float32:
    """The waveform, its power, and the one number that the take is scaled by."""
    power = block_power([samples])
    level_db = loud_part_of(power)
    figure = make_figure(12, 3.4)
    left, right = figure.subplots(1, 2)
    shown = samples[: int(SHOWN_SEC * SAMPLE_RATE)]
    left.plot(np.arange(len(shown)) / SAMPLE_RATE, shown, color=COLOURS[0], linewidth=0.3)
    plain(left, "2. Read: one channel, 16,000 numbers a second", "seconds")
    time_sec = np.arange(len(power)) * len(samples) / len(power) / SAMPLE_RATE
    right.plot(time_sec, 10 * np.log10(power + 1e-10), color=COLOURS[5], linewidth=0.8)
    right.axhline(level_db, color=COLOURS[1], label=f"its loud part, {level_db:.1f} dB")
    right.axhline(NOMINAL_DB, color=COLOURS[2], linestyle="--", label=f"where the network wants it, {NOMINAL_DB:.0f} dB")
    right.set_ylim(-75, 0)
    right.legend(frameon=False, fontsize=9, loc="lower left")
    plain(right, "3. Level: the whole take is moved by one number", "seconds", "dB")
    save_figure(figure, folder / "tour-sound.png")
    return np.float32(10 ** ((NOMINAL_DB - level_db) / 20))


def features(samples: NDArray[np.float32], folder: Path) -> None:
    """What the network sees: the same moments through three windows."""
    seen = spectrogram(np.pad(samples[: int(SHOWN_SEC * SAMPLE_RATE)], MARGIN_SAMPLES))
    figure = make_figure(12, 4.2)
    for panel, window, picture in zip(figure.subplots(1, 3, sharey=True), WINDOWS, seen, strict=True):
        extent = (0, SHOWN_SEC, 21, 21 + picture.shape[1] / BINS_PER_SEMITONE)
        panel.imshow(picture.T, aspect="auto", origin="lower", extent=extent, cmap="magma", interpolation="nearest")
        plain(panel, f"4. Through {1000 * window / SAMPLE_RATE:.0f} ms", "seconds", "MIDI pitch" if window == WINDOWS[0] else "")
        panel.grid(visible=False)
    save_figure(figure, folder / "tour-features.png")


def beliefs(heard: Activations, folder: Path) -> None:
    """What the network says: keys over time, and the pedal."""
    figure = make_figure(12, 5.2)
    panels: Any = figure.subplots(2, 3, sharex=True, height_ratios=(4, 1))
    frames = slice(0, int(SHOWN_SEC * FRAME_RATE))
    for column, (channel, words) in enumerate(((_ONSET, "an onset"), (_SOUNDING, "the string sounds"), (_KEY, "the key is down"))):
        picture = heard.keys[frames, LOW - 21 : HIGH - 20, channel].T
        extent = (0, SHOWN_SEC, LOW - 0.5, HIGH + 0.5)
        panels[0, column].imshow(picture, aspect="auto", origin="lower", extent=extent, cmap="magma_r", vmin=0, vmax=1)
        plain(panels[0, column], f"5. How likely {words}", "", "MIDI pitch" if column == 0 else "")
        panels[0, column].grid(visible=False)
    time_sec = np.arange(len(heard.pedals[frames])) / FRAME_RATE
    for column, words in enumerate(("the pedal is down", "it goes down", "it comes up")):
        panels[1, column].fill_between(time_sec, heard.pedals[frames, column], color=COLOURS[column], linewidth=0)
        panels[1, column].set_ylim(0, 1)
        plain(panels[1, column], words, "seconds")
    save_figure(figure, folder / "tour-network.png")


def decoding(heard: Activations, folder: Path) -> None:
    """One note: when it begins, between frames; where it ends, by the best cut."""
    config = DecodeConfig()
    frame, key = find_peaks(heard.keys[..., _ONSET], config.onset_threshold)
    notes = decode_notes(heard.keys, config)
    again = np.array([np.min(frame[(key == k) & (frame > f)], initial=10**9) for f, k in zip(frame, key, strict=True)])
    one = int(np.argmax((frame > 40) & (again > frame + 100) & (key > 30)))  # a note that its key's next stroke does not end
    at, which = int(frame[one]), int(key[one])
    begin = at + float(peak_shift(heard.keys[..., _ONSET], frame[[one]], key[[one]])[0])
    end = float(notes.key_up[(notes.key_index == which) & (np.abs(notes.onset - begin) < 1)][0])
    figure = make_figure(12, 3.6)
    left, right = figure.subplots(1, 2)
    around = np.arange(at - 6, at + 7)
    left.bar(
        1000 * around / FRAME_RATE, heard.keys[around, which, _ONSET], width=14, color=COLOURS[0], alpha=0.8, label="onset, a frame a bar"
    )
    left.axhline(config.onset_threshold, color=COLOURS[5], linestyle="--", linewidth=1, label="from here on it is a note")
    left.axvline(1000 * begin / FRAME_RATE, color=COLOURS[1], label=f"it begins at {1000 * begin / FRAME_RATE:.1f} ms")
    left.legend(frameon=False, fontsize=9)
    plain(left, f"6. When: between two frames (pitch {which + 21})", "milliseconds")
    span = np.arange(at + 1, int(end) + 15)
    time_sec = span / FRAME_RATE
    gain = np.cumsum(log_odds(heard.keys[span, which, _KEY]))
    gain += config.end_weight * np.maximum(log_odds(heard.keys[span, which, _KEY_UP]), -4.0)
    right.plot(time_sec, heard.keys[span, which, _KEY], color=COLOURS[0], label="the key is down")
    right.plot(time_sec, heard.keys[span, which, _KEY_UP], color=COLOURS[2], label="it comes up")
    right.plot(time_sec, (gain - gain.min()) / np.ptp(gain), color=COLOURS[4], linestyle="--", label="what is gained by ending here")
    right.axvline(end / FRAME_RATE, color=COLOURS[1], label=f"it ends at {end / FRAME_RATE:.3f} s")
    right.legend(frameon=False, fontsize=9, loc="center left")
    plain(right, "6. How long: the best cut", "seconds")
    save_figure(figure, folder / "tour-decoding.png")


def agreement(heard: Activations, folder: Path) -> None:
    """Keys as they were heard to rise, and as they are written where the pedal catches them."""
    notes, pedal_sec = decode_notes(heard.keys, DecodeConfig()), mend_pedal(frames_to_sec(decode_pedal(heard.pedals, DecodeConfig())))
    written = perform(notes, pedal_sec, "key").notes
    order = np.lexsort((notes.onset, notes.key_index))
    risen = dict(zip(zip(written["pitch"], written["onset_sec"], strict=True), np.zeros(len(written)), strict=True))
    for key, onset, up in zip(
        notes.key_index[order] + 21, frames_to_sec(notes.onset[order]), frames_to_sec(notes.key_up[order]), strict=True
    ):
        risen[key, onset] = up
    heard_up = np.array([risen[key, onset] for key, onset in zip(written["pitch"], written["onset_sec"], strict=True)])
    begin = max(0.0, float(written["offset_sec"][np.argmax(written["offset_sec"] - heard_up)]) - SHOWN_SEC / 2)
    figure = make_figure(12, 3.8)
    panel = figure.subplots()
    for down, up in pedal_sec:
        panel.axvspan(down, up, color=COLOURS[5], alpha=0.16, linewidth=0)
    panel.hlines(written["pitch"], written["onset_sec"], written["offset_sec"], color=COLOURS[1], linewidth=5)
    panel.hlines(written["pitch"], written["onset_sec"], np.minimum(heard_up, written["offset_sec"]), color=COLOURS[0], linewidth=5)
    panel.set_xlim(begin, begin + SHOWN_SEC)
    most_ms = 1000 * float((written["offset_sec"] - heard_up).max())
    words = f"a key that rose just before the pedal caught it is kept down, here by {most_ms:.0f} ms at most"
    plain(panel, f"7. Agreement of keys (blue) and pedal (grey): {words}", "seconds", "MIDI pitch")
    save_figure(figure, folder / "tour-agreement.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    samples = load_audio(options.recording, SAMPLE_RATE)
    levelled = samples * sound(samples, options.output)
    features(levelled, options.output)
    transcriber = Transcriber.load(threads=1)
    heard = stack(list(transcriber.network.stream([levelled])))
    beliefs(heard, options.output)
    decoding(heard, options.output)
    agreement(heard, options.output)
    on = compose(Request(seconds=15, seed=5, new_only=True), transcriber.transcribe(lambda: [samples])).performance
    draw_piano_roll(on, options.output / "tour-going-on.png", "10. What might follow the demo recording")
    for path in options.output.glob("tour-*.png"):  # a third of the size, to the eye the same
        with Image.open(path) as picture:
            small = picture.convert("RGB").quantize(200, dither=Image.Dither.NONE)
        small.save(path, optimize=True)


if __name__ == "__main__":
    main()
