"""The page around the charts: head, figures, sections, style and the little that moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files


@dataclass(frozen=True)
class Panel:
    """A chart, or any piece of HTML, under a title, with a sentence that says how to read it; `wide` takes the whole row."""

    title: str
    body: str
    reading: str = ""
    wide: bool = False


@dataclass(frozen=True)
class Section:
    """Panels under a heading."""

    title: str
    panels: Sequence[Panel]
    lead: str = ""


@dataclass(frozen=True)
class Page:
    """A whole report: a title, a line of facts, the figures that count (name, value, interval), and sections."""

    title: str
    facts: str
    figures: Sequence[tuple[str, str, str]]
    sections: Sequence[Section] = field(default=())

    def html(self) -> str:
        """The page as one text that needs no other file."""
        style, script = (files(__package__).joinpath(name).read_text("utf-8") for name in ("page.css", "page.js"))
        cards = "".join(
            f'<div class="card"><b>{escape(value)}</b><span>{escape(name)}</span><small>{escape(interval)}</small></div>'
            for name, value, interval in self.figures
        )
        links = "".join(f'<a href="#s{number}">{escape(section.title)}</a>' for number, section in enumerate(self.sections))
        body = "".join(_section(number, section) for number, section in enumerate(self.sections))
        return (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(self.title)}</title><style>{style}</style></head><body>"
            f"<header><div><h1>{escape(self.title)}</h1><p>{escape(self.facts)}</p></div>"
            '<button id="theme" title="light or dark">◐</button>'
            f'</header><nav>{links}</nav><main><div class="cards">{cards}</div>{body}</main><script>{script}</script></body></html>\n'
        )


def table(header: Sequence[str], rows: Sequence[Sequence[str | float]]) -> str:
    """A table that sorts by a click on its head; numbers 0..1 get a bar behind them."""
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join("<tr>" + "".join(_cell(value) for value in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return f"<td>{escape(value)}</td>"
    if value != value:
        return '<td class="number">-</td>'
    return f'<td class="number" style="--share:{value:.3f}">{value:.3f}</td>'


def _section(number: int, section: Section) -> str:
    panels = "".join(
        f'<article class="{"wide" if panel.wide else ""}"><h3>{escape(panel.title)}</h3>{panel.body}'
        f"<p>{escape(panel.reading)}</p></article>"
        for panel in section.panels
    )
    lead = f"<p class='lead'>{escape(section.lead)}</p>" if section.lead else ""
    return f'<section id="s{number}"><h2>{escape(section.title)}</h2>{lead}<div class="panels">{panels}</div></section>'
