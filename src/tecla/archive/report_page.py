"""The report as HTML. Every word that comes from a file is escaped, and the page may load nothing from anywhere."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tecla.archive.passages import Clip

_LONGEST_NAME: Final = 300
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; media-src data:"
_STYLE: Final = Path(__file__).with_name("report.css")


@dataclass(frozen=True)
class Facts:
    """What the page tells.

    Shape:
        confidence_counts: (20,) notes by confidence, 0..1
    """

    archive: str
    edition: str
    made_at: str
    counts: dict[str, int]
    sums: dict[str, float]
    confidence_counts: NDArray[np.int64]
    failures: list[tuple[str, str]]
    not_pianos: list[sqlite3.Row]
    damaged: list[tuple[str, str]]
    worst: list[Clip]
    best: list[Clip]


def page(facts: Facts) -> str:
    """The whole page, self-contained."""
    parts = [
        f"<h1>What was heard in {_name(facts.archive)}</h1>",
        f'<p class="pale">Edition {_name(facts.edition)}, as of {facts.made_at}</p>',
        _sums(facts),
        _confidence(facts),
        _clips("The ten passages heard with most doubt", facts.worst),
        _clips("The ten passages heard most surely", facts.best),
        _not_pianos(facts),
        _told("Recordings that failed", "None failed.", facts.failures),
        _told("Damaged, but heard", "", facts.damaged),
    ]
    head = f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    head += '<meta name="viewport" content="width=device-width"><title>tecla archive</title>'
    style = _STYLE.read_text("utf-8")
    return f'<!doctype html><html lang="en"><head>{head}<style>{style}</style></head><body>{"".join(parts)}</body></html>\n'


def _sums(facts: Facts) -> str:
    hours, taken = facts.sums["duration_sec"] / 3600, facts.sums["seconds_taken"]
    told = {
        "hours heard": f"{hours:,.{1 if hours >= 10 else 2}f}",
        "recordings": f"{facts.counts.get('done', 0):,}",
        "notes": f"{facts.sums['n_notes']:,.0f}",
        "failed": f"{facts.counts.get('failed', 0):,}",
        "still to do": f"{facts.counts.get('waiting', 0):,}",
        "may be no piano": f"{facts.sums['not_piano']:,.0f}",
        "times real time, a worker": f"{facts.sums['duration_sec'] / taken:.1f}" if taken else "–",
    }
    return '<dl class="sums">' + "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in told.items()) + "</dl>"


def _confidence(facts: Facts) -> str:
    """A histogram of all notes."""
    counts = facts.confidence_counts
    if not counts.sum():
        return ""
    width, height, n = 760, 150, len(counts)
    step = width / n
    bars = []
    for i, count in enumerate(counts.tolist()):
        tall = height * count / int(counts.max())
        told = f"{count:,} notes with confidence {i / n:.2f} to {(i + 1) / n:.2f}"
        place = f'x="{i * step + 1:.1f}" y="{height - tall:.1f}" width="{step - 2:.1f}" height="{tall:.1f}"'
        bars.append(f'<rect class="bar" {place}><title>{told}</title></rect>')
    ticks = "".join(
        f'<text x="{min(max(at * width, 8), width - 8):.0f}" y="{height + 16}" text-anchor="middle">{at:g}</text>'
        for at in (0, 0.25, 0.5, 0.75, 1)
    )
    share = 100 * counts[int(0.8 * n) :].sum() / counts.sum()
    said = f"{share:.0f} % of the notes have a confidence of 0.8 or more."
    picture = f'<svg viewBox="0 0 {width} {height + 20}" role="img" aria-label="{said}">{"".join(bars)}{ticks}</svg>'
    return f'<h2>How sure the notes are</h2>{picture}<p class="pale">{said}</p>'


def _clips(title: str, clips: list[Clip]) -> str:
    if not clips:
        return f'<h2>{title}</h2><p class="pale">No recording holds enough notes.</p>'
    return f"<h2>{title}</h2>" + "".join(map(_clip, clips))


def _clip(clip: Clip) -> str:
    sounds = "".join(
        f'<label>{name}<audio controls preload="none" src="{sound}"></audio></label>'
        for name, sound in (("the recording", clip.recorded), ("what was heard, played", clip.played))
        if sound
    )
    missing = f'<p class="pale">Not all can be heard: {_name(clip.missing)}</p>' if clip.missing else ""
    at = f"{int(clip.begin_sec // 60)}:{clip.begin_sec % 60:02.0f}"
    return (
        f"<article><p>{_name(clip.source)} <span class='pale'>from {at}, mean confidence {clip.confidence:.2f}</span></p>"
        f'{clip.picture}<div class="sounds">{sounds}</div>{missing}</article>'
    )


def _not_pianos(facts: Facts) -> str:
    if not facts.not_pianos:
        return '<h2>What may be no piano</h2><p class="pale">Nothing.</p>'
    rows = "".join(
        f"<tr><td>{_name(row['source'])}</td>{_number(row['duration_sec'], '.0f')}{_number(row['n_notes'], ',')}"
        f"{_number(row['explained'], '.2f')}{_number(row['log_odds'], '.1f')}</tr>"
        for row in facts.not_pianos
    )
    names = ("seconds", "notes", "explained", "log odds")
    head = "<tr><th>recording</th>" + "".join(f'<th class="number">{name}</th>' for name in names) + "</tr>"
    said = (
        "The notes explain little of the sound, or are little sure. Speech, noise and other instruments end here, and now and then a piano."
    )
    return f'<h2>What may be no piano</h2><p class="pale">{said}</p><table>{head}{rows}</table>'


def _told(title: str, none: str, rows: list[tuple[str, str]]) -> str:
    if not rows:
        return f'<h2>{title}</h2><p class="pale">{none}</p>' if none else ""
    return (
        f"<h2>{title}</h2><table>"
        + "".join(f"<tr><td>{_name(source)}</td><td>{_name(error)}</td></tr>" for source, error in rows)
        + "</table>"
    )


def _number(value: float | None, form: str) -> str:
    return f'<td class="number">{"–" if value is None else format(value, form)}</td>'


def _name(text: str) -> str:
    """Text from a file, harmless and not endless."""
    return escape(text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME // 2]} … {text[-_LONGEST_NAME // 2 :]}")
