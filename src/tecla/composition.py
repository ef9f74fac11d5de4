"""More music: a request and a prompt in, a Composition out, whichever network answers.

The network's card says what it speaks (tunes in ABC, four voices on a grid, piano playing), and so which of three rooms of `generation`
does the work. Everything that decided the outcome is kept in `provenance`: the same request on the same weights gives the same music.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np

from tecla import __version__
from tecla.errors import InputError, OptionError
from tecla.generation import chorales, performances, tunes
from tecla.generation.engine import Engine
from tecla.generation.keys import key_pitch_classes
from tecla.generation.readings import Readings
from tecla.generation.sampling import SamplingOptions
from tecla.generation.tokenizers.continuous import Continuous
from tecla.generation.tokenizers.grid_fit import SIXTEENTH_SEC, estimate_sixteenth_sec, from_grid, to_grid
from tecla.io.abc import parse_tune
from tecla.io.abc_play import tune_to_performance
from tecla.io.abc_write import grid_to_abc
from tecla.music import Performance

LONGEST_PROMPT_SEC: Final = 3600.0
LONGEST_SEC: Final = 3600.0
_CODEC: Final = Continuous()


@dataclass(frozen=True)
class Request:
    """What is asked for. Zero and empty mean: as the network likes.

    Attributes:
        seconds, bars: how much new music
        key, lowest, highest, density: limits on what is played (key name, MIDI pitches, notes a second)
        new_only: only the new notes, from 0 s
        harmonise: the prompt's highest voice is a melody to be set in four voices
        gap_sec: (begin, end) of a stretch of the prompt to be played anew
        ending: lead the music to an end
        masked: keep tunes inside the grammar
    """

    model: str = "performance"
    seed: int = 0
    sampling: SamplingOptions = field(default_factory=SamplingOptions)
    seconds: float = 0.0
    bars: int = 0
    key: str = ""
    lowest: int = 21
    highest: int = 108
    density: float = 0.0
    new_only: bool = False
    harmonise: bool = False
    gap_sec: tuple[float, float] | None = None
    ending: bool = False
    masked: bool = True

    def __post_init__(self) -> None:
        bounds = {"seconds": (0, LONGEST_SEC), "bars": (0, 1000), "density": (0, 100), "lowest": (21, self.highest), "highest": (21, 108)}
        for name, (low, high) in bounds.items():
            if not low <= getattr(self, name) <= high:
                raise OptionError(f"{name} is {getattr(self, name):g}: must be {low:g} to {high:g}")
        if self.gap_sec is not None and not 0 <= self.gap_sec[0] < self.gap_sec[1]:
            raise OptionError(f"the stretch to fill is {self.gap_sec[0]:g} to {self.gap_sec[1]:g} s: it must begin before it ends")


@dataclass(frozen=True)
class Composition:
    """New music: how it sounds, as ABC where it has bars, and where it came from."""

    performance: Performance
    abc: str
    provenance: dict[str, Any]


def compose(request: Request, prompt: Performance | None = None, tune: str = "") -> Composition:
    """Music by the requested network, from nothing, from a performance, or from the text of a tune.

    Raises:
        OptionError: an unknown model, or an option that this model cannot follow.
        InputError: a prompt without notes, longer than an hour, or (tunes) not in ABC.
    """
    engine = Engine.load(request.model)
    if prompt is not None:
        check_prompt(prompt)
    kind = engine.card["tokenizer"]
    make = {"abc-characters": _tune, "abc-tokens": _tune, "jsb-grid": _chorale, "continuous": _performance}[kind]
    performance, abc, facts = make(engine, request, prompt, tune)
    return Composition(performance, abc, _provenance(engine, request, facts))


def check_prompt(prompt: Performance, name: str = "the prompt") -> None:
    """Whether there is something in a prompt, and not too much.

    Raises:
        InputError: it has no notes, or lasts longer than an hour.
    """
    if not len(prompt):
        raise InputError(f"{name} has no notes: play something first")
    if prompt.duration_sec > LONGEST_PROMPT_SEC:
        hours = prompt.duration_sec / 3600
        most = LONGEST_PROMPT_SEC / 3600
        raise InputError(f"{name} lasts {hours:.1f} hours, more than {most:g}: cut it to the passage to go on from")


_Made = tuple[Performance, str, dict[str, Any]]


def _tune(engine: Engine, request: Request, prompt: Performance | None, tune: str) -> _Made:
    _refuse(request, "writes tunes", "bars", "key", "new_only", "masked")
    if prompt is not None:
        raise OptionError(f"model {request.model!r} writes tunes: give it an .abc prompt, or choose another model")
    begun = tunes.opening(tune) if tune else ""
    text = tunes.write_tune(engine, request.sampling, request.seed, prompt=begun, bars=request.bars, key=request.key, masked=request.masked)
    tokens = len(tunes.CODECS[engine.card["tokenizer"]].encode(text[len(begun) :]))
    performance = tune_to_performance(parse_tune(text))
    if request.new_only and begun:
        start = tune_to_performance(parse_tune(begun)).duration_sec if "|" in begun.partition("\nK:")[2] else 0.0
        performance = _after(performance, start)
    text = text if "\nZ:" in tune else tunes.with_its_kind(text)  # what the prompt says of itself stays
    return performance, text, {"prompt_characters": len(begun), "characters": len(text) - len(begun), "tokens": tokens}


def _chorale(engine: Engine, request: Request, prompt: Performance | None, tune: str) -> _Made:
    if request.harmonise:
        _refuse(request, "sets a melody in four voices", "harmonise", "key", "lowest", "highest", "new_only")
    else:
        _refuse(request, "writes four voices", "bars", "seconds", "key", "lowest", "highest", "new_only", "harmonise")
    limits = chorales.VoiceLimits(key_pitch_classes(request.key) if request.key else frozenset(), request.lowest, request.highest)
    played = tune_to_performance(parse_tune(tune)) if tune else prompt
    step = estimate_sixteenth_sec(played) if played is not None else SIXTEENTH_SEC
    if request.harmonise:
        if played is None:
            raise OptionError("nothing to harmonise: give the melody with --prompt")
        melody = to_grid(played, step)[:, 0]
        # One reading here: the crowd of harmonisations is already twelve times the work.
        grid = chorales.harmonise(engine, melody, request.sampling, request.seed, limits=limits)
        before = 0
    else:
        given = to_grid(played, step) if played is not None else None
        count = request.bars * chorales.SIXTEENTHS_PER_BAR or round(request.seconds / step)
        readings = Readings(engine, engine.card.get("readings", (0,)))
        grid = chorales.write_chorale(readings, request.sampling, request.seed, prompt=given, sixteenths=count, limits=limits)
        before = 0 if given is None else len(given)
    facts = {"prompt_sixteenths": before, "tokens": (len(grid) - before) * grid.shape[1]}
    if request.new_only:
        grid = grid[before:]
    abc = grid_to_abc(grid, f"Chorale {request.seed}", 15.0 / step)
    return from_grid(grid, step), abc, {**facts, "sixteenths": len(grid), "sixteenth_sec": round(step, 5)}


def _performance(engine: Engine, request: Request, prompt: Performance | None, tune: str) -> _Made:
    how_much = ("seconds", "ending") if request.gap_sec is None else ()
    _refuse(request, "plays freely" if how_much else "fills a gap", *how_much, "key", "lowest", "highest", "density", "new_only", "gap_sec")
    classes = key_pitch_classes(request.key) if request.key else frozenset()
    limits = performances.PlayingLimits(classes, request.lowest, request.highest, request.density)
    played = tune_to_performance(parse_tune(tune)) if tune else prompt
    if request.gap_sec is not None:
        return _filled(engine, request, played, limits)
    events = _CODEC.encode(played) if played is not None else None
    new = performances.play_on(
        engine, request.sampling, request.seed, prompt=events, seconds=request.seconds or 30.0, limits=limits, ending=request.ending
    )
    facts = {"prompt_events": 0 if events is None else len(events), "events": len(new), "tokens": len(new)}
    if events is None or request.new_only:
        return _CODEC.decode(_from_zero(new)), "", facts
    return _CODEC.decode(np.concatenate([events, new])), "", facts


def _filled(engine: Engine, request: Request, played: Performance | None, limits: performances.PlayingLimits) -> _Made:
    if played is None or request.gap_sec is None:
        raise OptionError("nothing to fill: give the music around the gap with --prompt")
    begin, end = request.gap_sec
    events = _CODEC.encode(played)
    origin = float(np.concatenate([played.notes["onset_sec"], played.pedal_intervals().ravel()]).min())
    time = np.cumsum(events["shift_sec"]) + origin
    if begin >= time[-1]:
        raise OptionError(f"the stretch to fill begins at {begin:g} s, after the prompt's last event at {time[-1]:.1f} s")
    before, after = events[time < begin], events[time >= end].copy()
    since = float(time[time < begin][-1]) if len(before) else 0.0  # the moment from which the new events count
    new = performances.fill(engine, before, after, end - since, request.sampling, request.seed, limits=limits)
    if len(after):
        after["shift_sec"][0] = max(0.0, float(time[time >= end][0]) - since - float(new["shift_sec"].sum()))
    facts = {"events": len(new), "tokens": len(new), "replaced": int(((time >= begin) & (time < end)).sum())}
    if request.new_only:
        return _CODEC.decode(_from_zero(new)), "", facts
    return _CODEC.decode(np.concatenate([before, new, after])).shifted(origin if len(before) else 0.0), "", facts


def _from_zero(events: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    events = events.copy()
    events["shift_sec"][:1] = 0.0
    return events


def _after(performance: Performance, start_sec: float) -> Performance:
    """Notes from `start_sec` on, moved to 0 s."""
    notes = performance.notes[performance.notes["onset_sec"] >= start_sec - 1e-6]
    return Performance(notes).shifted(-float(notes["onset_sec"].min())) if len(notes) else Performance()


def _refuse(request: Request, what: str, *follows: str) -> None:
    """Says which option a network cannot follow, rather than passing it over.

    Raises:
        OptionError: something was asked for beside what it `follows`.
    """
    words = {"gap_sec": "fill", "lowest": "range", "highest": "range", "masked": "no-mask", "new_only": "new-only"}
    plain, always = Request(), ("model", "seed", "sampling")
    for name, value in vars(plain).items():
        if name not in (*always, *follows) and getattr(request, name) != value:
            can = ", ".join(dict.fromkeys(f"--{words.get(option, option)}" for option in follows))
            raise OptionError(f"model {request.model!r} {what} and cannot follow --{words.get(name, name)}: it takes {can}")


def _provenance(engine: Engine, request: Request, facts: dict[str, Any]) -> dict[str, Any]:
    card = {name: engine.card.get(name) for name in ("name", "kind", "tokenizer", "parameters", "licence", "trained_on")}
    seen = hashlib.sha256(str(engine.card.get("training", {}).get("seen")).encode()).hexdigest()[:16]
    asked = {name: value for name, value in asdict(request).items() if name not in ("model", "seed", "sampling")}
    return {
        "generator": f"tecla {__version__}",
        "model": {**card, "weights_sha256": engine.weights_sha256()[:16], "training_data": seen},
        "seed": request.seed,
        "sampling": asdict(request.sampling),
        "request": asked,
        "made": facts,
    }
