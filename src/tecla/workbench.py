"""The main path, one short function per verb. READ ME FIRST: the studio, and the commands that are such a verb, call this.

    sound --transcribe--> Performance --save--> .mid .json .csv .png (piano roll) .wav .flac .mp3 .ogg (played)
                          Performance --engrave--> Score --save_score--> .musicxml .mxl .pdf .svg .png (pages) .mid (as written)

What `engrave` takes besides the notes is a `tecla.engraving.Wishes` (what the user states) and a `tecla.music.ruled.Ruled` (what the file
of a program says, `tecla.written`); `generate` takes a `tecla.composition.Request`.

Heavy rooms are imported inside the verb that needs them, so that `import tecla` stays light.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Container
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from tecla.errors import InputError, OptionError, OutputError
from tecla.io.abc import load_abc_text, parse_tune
from tecla.io.abc_write import save_abc
from tecla.io.audio import READABLE, AudioSource, array_source, open_audio, save_audio
from tecla.io.midi import load_midi, save_midi
from tecla.io.notes import load_csv, load_json, save_csv, save_json
from tecla.io.target import check_target, make_folder, whole_target
from tecla.music import Performance
from tecla.pages import SCORE_SUFFIXES, check_page, write_score

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from tecla.composition import Composition, Request
    from tecla.engraving import Wishes
    from tecla.music.ruled import Ruled
    from tecla.music.score import Score
    from tecla.transcription import Transcriber
    from tecla.transcription.live import LiveTranscriber

PathLike = str | os.PathLike[str]
Offsets = Literal["key", "sounding"]
DOUBTFUL: Final = 0.8  # a note less sure than this is drawn pale on the page
Mode = Literal["piano", "voice"]


def transcribe(
    sound: PathLike | ArrayLike | AudioSource,
    sample_rate: int | None = None,
    *,
    offsets: Offsets = "key",
    mode: Mode = "piano",
    bends: bool = False,
    model: str = "default",
    on_progress: Callable[[float], None] | None = None,
    threads: int = 0,
    a4_hz: float | None = None,
    on_tuning: Callable[[float], None] | None = None,
) -> Performance:
    """What was played, heard from a file, an array or an opened source, in constant memory.

    Args:
        sound: a path; or samples (n,), (n, channels) or (channels, n), with their `sample_rate` in Hz.
        offsets: "key" ends notes when keys come up and keeps the pedals; "sounding" ends them where
            the string falls silent, pedal included, and leaves the pedals out. A voice has none: both are the same.
        mode: "voice" hears a single line, sung, whistled or played, C2 to C8; `bends` then keeps how far it strays from its notes' pitches,
            and what follows `on_progress` is for a piano only.
        model: the name of shipped weights, or a path to an .onnx file; in mode "voice" also "pyin", the mathematical baseline.
        on_progress: called now and then with the seconds heard so far.
        threads: how much of the processor to use; 0 is all of it.
        a4_hz: what a piano's A above middle C sounds at; None to find out, by the nearest key. `on_tuning` is told what was found.

    Raises:
        InputError: the sound cannot be read.
        OptionError: `offsets`, `mode`, `sample_rate` or `a4_hz` is out of bounds, or another option is not for that mode.
    """
    if mode not in ("piano", "voice"):
        raise OptionError(f"mode is {mode!r}: must be 'piano' or 'voice'")
    others = {"bends": bends} if mode == "piano" else {"threads": threads, "a4_hz": a4_hz is not None, "on_tuning": on_tuning}
    if refused := [name for name, asked in others.items() if asked]:
        raise OptionError(f"{refused[0]} cannot be followed in mode {mode!r}: leave it out, or choose the other mode")
    if offsets not in ("key", "sounding"):
        raise OptionError(f"offsets is {offsets!r}: must be 'key' or 'sounding'")
    if mode == "voice":
        from tecla.transcription.monophonic.listen import transcribe_line  # noqa: PLC0415

        return transcribe_line(open_sound(sound, sample_rate).blocks, model, bends, on_progress)
    return _transcriber(model, threads).transcribe(open_sound(sound, sample_rate).blocks, on_progress, offsets, a4_hz, on_tuning)


def live_transcriber(look_ahead_sec: float = 0.3, model: str = "default") -> LiveTranscriber:
    """Hears a stream: `push` (N,) samples at 16 kHz for the notes and pedals that became certain, `flush` for the rest.

    Raises:
        OptionError: no such model, or `look_ahead_sec` is out of bounds.
    """
    from tecla.transcription.live import LiveTranscriber  # noqa: PLC0415

    return LiveTranscriber.load(model, look_ahead_sec)


def generate(request: Request | None = None, prompt: PathLike | Performance | None = None) -> Composition:
    """More music, from nothing or going on from a prompt: a performance, its file, a tune (.abc) or a recording, which is transcribed.

    Raises:
        InputError: the prompt cannot be read or has no notes. OptionError: the request cannot be followed.
    """
    from tecla.composition import Request, compose  # noqa: PLC0415

    request = request or Request()
    if prompt is None or isinstance(prompt, Performance):
        return compose(request, prompt)
    if Path(prompt).suffix.lower() == ".abc":
        return compose(request, tune=load_abc_text(prompt))
    return compose(request, load_prompt(prompt))


def load_prompt(path: PathLike) -> Performance:
    """A file to go on from, read, or heard if it is a recording: several variations need that once.

    Raises:
        InputError: it cannot be read, has no notes or is too long.
    """
    from tecla.composition import check_prompt  # noqa: PLC0415

    performance = transcribe(path) if Path(path).suffix.lower() in READABLE else load(path)
    check_prompt(performance, str(path))
    return performance


def save_composition(composition: Composition, path: PathLike, title: str | None = None, *, force: bool = True) -> None:
    """Writes a Composition as `save` does; where it has bars, as .abc, and on a page the bars that it has. Playing is engraved first.

    Raises:
        OutputError: no bars for .abc, or a target that cannot be written, or exists while `force` is off.
    """
    path = Path(path)
    if path.suffix.lower() in _WRITTEN_SUFFIXES and composition.abc:
        from tecla.tune_page import tune_to_score  # noqa: PLC0415

        save_score(tune_to_score(composition.abc), path, force=force)
        return
    if path.suffix.lower() != ".abc":
        save(composition.performance, path, title, force=force)
        return
    check_target(path, force)
    if not composition.abc:
        raise OutputError(f"{path} cannot be written: free playing has no bars to write down; choose .mid")
    make_folder(path)
    save_abc(composition.abc, path)


def open_sound(sound: PathLike | ArrayLike | AudioSource, sample_rate: int | None = None) -> AudioSource:
    """A sound to read in blocks, wherever it lies.

    Raises:
        InputError: the file cannot be read, or the array is no sound. OptionError: an array without its `sample_rate`.
    """
    if isinstance(sound, AudioSource):
        return sound
    if isinstance(sound, str | os.PathLike):
        return open_audio(sound)
    if sample_rate is None:
        raise OptionError("an array does not say its sample rate: give sample_rate in Hz")
    return array_source(sound, sample_rate)


def find_sounds(folder: PathLike) -> list[Path]:
    """All sound and video files in a folder and the folders in it, sorted; hidden ones are left out.

    Raises:
        InputError: there is none, or the folder may not be looked into.
    """
    folder = Path(folder)
    try:
        found = sorted(
            path for path in folder.rglob("*") if path.suffix.lower() in READABLE and path.is_file() and not _hidden(path, folder)
        )
    except OSError as error:
        raise InputError(f"{folder} cannot be listed ({error.strerror}): check its name and permissions") from error
    if not found:
        raise InputError(f"{folder} holds no sound file: name a folder with {', '.join(sorted(READABLE)[:8])} ... files")
    return found


def load(path: PathLike) -> Performance:
    """Reads a Performance from .mid, .midi, .json or .csv.

    Raises:
        InputError: another suffix, or a file that cannot be read.
    """
    path = Path(path)
    if path.suffix.lower() not in _READERS:
        first = "; tecla transcribe makes one of a recording" if path.suffix.lower() in READABLE else ""
        raise InputError(f"{path} is no performance file: give one of {', '.join(_READERS)}{first}")
    return _READERS[path.suffix.lower()](path)


def play(path: PathLike) -> Performance:
    """A score played as it is written: .musicxml, .xml, .mxl, or the first tune of an .abc.

    Raises:
        InputError: another suffix, or a file that cannot be read or has no notes.
    """
    path = Path(path)
    if path.suffix.lower() not in PLAYED_SUFFIXES:
        raise InputError(f"{path} is no score: give one of {', '.join(PLAYED_SUFFIXES)}")
    if path.suffix.lower() == ".abc":
        from tecla.io.abc_play import tune_to_performance  # noqa: PLC0415

        tune = parse_tune(load_abc_text(path))
        try:
            return tune_to_performance(tune)
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
    from tecla.io.musicxml import load_musicxml  # noqa: PLC0415
    from tecla.music.playing import play_score  # noqa: PLC0415

    return play_score(load_musicxml(path))


def save(performance: Performance, path: PathLike, title: str | None = None, *, force: bool = True) -> None:
    """Writes a Performance in the format that the suffix names, whole or not at all, over what was there; makes its folder.

    Raises:
        OutputError: a suffix that tecla does not write, a target that cannot be written, or one that exists while `force` is off.
    """
    path = Path(path)
    check_output(path, force)
    make_folder(path)
    if path.suffix.lower() in _WRITTEN_SUFFIXES:
        from tecla.engraving import Wishes  # noqa: PLC0415

        save_score(engrave(performance, Wishes(title=title or path.stem)), path, force=force)
    else:
        _WRITERS[path.suffix.lower()](performance, path, title or path.stem)


def check_output(path: PathLike, force: bool = False, inputs: Container[Path] = ()) -> None:
    """Says before any long work whether `save` can write a target; `inputs` are what is read, resolved.

    Raises:
        OutputError: a suffix that tecla does not write, a file that exists while `force` is off, an input, or an unwritable place.
        MissingExtraError: a page without the extra `score`.
    """
    path = Path(path)
    if path.suffix.lower() in _WRITTEN_SUFFIXES:
        check_page(path, force, inputs)
        return
    if path.suffix.lower() not in _WRITERS:
        raise OutputError(f"{path} cannot be written: tecla writes {', '.join((*_WRITERS, *_WRITTEN_SUFFIXES))}")
    check_target(path, force, inputs)


def render(performance: Performance, path: PathLike) -> None:
    """Plays a Performance on the sampled piano into .wav, .flac, .mp3 or .ogg (44.1 kHz stereo), in constant memory.

    Raises:
        OutputError: another suffix, or a target that cannot be written.
    """
    from tecla.rendering import SAMPLE_RATE, render_blocks  # noqa: PLC0415

    save_audio(path, render_blocks(performance), SAMPLE_RATE)


def convert_sound(sound: PathLike, path: PathLike) -> None:
    """Any sound file or video as .wav, .flac, .mp3 or .ogg: mono, 44.1 kHz, in constant memory.

    Raises:
        InputError: it cannot be read. OutputError: another suffix, or a target that cannot be written.
    """
    save_audio(path, open_sound(sound).blocks(_SOUND_RATE), _SOUND_RATE)


def draw(performance: Performance, path: PathLike, title: str = "") -> None:
    """Draws a Performance as a piano roll with velocities and pedals (.png), or how it sounds (.waveform.png).

    Raises:
        OutputError: the target cannot be written.
    """
    from tecla.rendering.pianoroll import draw_piano_roll  # noqa: PLC0415
    from tecla.rendering.waveform import SUFFIX, draw_waveform  # noqa: PLC0415

    with whole_target(path) as neighbour:
        (draw_waveform if str(path).lower().endswith(SUFFIX) else draw_piano_roll)(performance, neighbour, title)


def engrave(performance: Performance, wishes: Wishes | None = None, ruled: Ruled | None = None) -> Score:
    """The page of a performance: beats, bars, hands, voices, spelling; what `wishes` state is obeyed, the rest inferred.

    `ruled` is what the file of a program says of its notes (`tecla.written`). Notes that were heard with doubt are drawn pale.

    Raises:
        OptionError: too many notes for one score.
    """
    from tecla.engraving import Wishes, engrave  # noqa: PLC0415
    from tecla.music.score import fade  # noqa: PLC0415

    doubtful = (performance.notes["confidence"] < DOUBTFUL).nonzero()[0]
    return fade(engrave(performance, wishes or Wishes(), ruled), {str(index) for index in doubtful})


def save_score(score: Score, path: PathLike, *, force: bool = True) -> list[Path]:
    """Writes a Score as .musicxml, .xml, .mxl, .pdf, .mid (as written), .svg or .png (a file a page), its folder made; gives what it wrote.

    Raises:
        OutputError: another suffix, a target that cannot be written, or exists while `force` is off.
        MissingExtraError: pages without the extra `score`.
    """
    return write_score(score, Path(path), force)


@cache
def _transcriber(model: str, threads: int) -> Transcriber:
    from tecla.transcription import Transcriber  # noqa: PLC0415

    return Transcriber.load(model, threads)


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _play(performance: Performance, path: Path, _: str) -> None:
    render(performance, path)


_SOUND_RATE: Final = 44_100
PLAYED_SUFFIXES: Final = (*SCORE_SUFFIXES, ".abc")
_WRITTEN_SUFFIXES: Final = (*SCORE_SUFFIXES, ".pdf", ".svg")  # what a performance is engraved for; its .png is a piano roll
_READERS: Final[dict[str, Callable[[Path], Performance]]] = {
    ".mid": load_midi,
    ".midi": load_midi,
    ".json": load_json,
    ".csv": load_csv,
}
_WRITERS: Final[dict[str, Callable[[Performance, Path, str], None]]] = {
    ".mid": save_midi,
    ".midi": save_midi,
    ".json": lambda performance, path, _: save_json(performance, path),
    ".csv": lambda performance, path, _: save_csv(performance, path),
    ".png": draw,
    ".wav": _play,
    ".flac": _play,
    ".mp3": _play,
    ".ogg": _play,
}
