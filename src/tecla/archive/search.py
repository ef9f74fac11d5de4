"""What `find` answers: the places of a phrase, told with their recordings."""

from __future__ import annotations

from dataclasses import dataclass

from tecla.archive.catalogue import Catalogue
from tecla.archive.find import Match, Phrase, find_phrase
from tecla.archive.home import home, open_to_read
from tecla.archive.index import refresh
from tecla.archive.places import Place
from tecla.errors import InputError


@dataclass(frozen=True)
class Hit:
    """One place, for a reader."""

    source: str
    result: str
    match: Match

    def __str__(self) -> str:
        minutes, seconds = divmod(self.match.begin_sec, 60)
        shift = f", {self.match.transposition:+d} semitones" if self.match.transposition else ""
        return f"{int(minutes)}:{seconds:04.1f}  {self.source}  ({self.match.line}{shift}; {self.result})"


@dataclass(frozen=True)
class Hits:
    """The best places, how many there are, and how many recordings were searched."""

    shown: list[Hit]
    n_places: int
    n_recordings: int
    n_searched: int
    all_seen: bool


def search(archive: str, phrase: Phrase, limit: int = 20, edition: str | None = None) -> Hits:
    """Where a phrase is played in an archive.

    Raises:
        InputError: there is no archive or no such edition. OutputError: its index is out of date and cannot be written.
    """
    place = Place(archive)
    with open_to_read(place) as catalogue:
        name = edition_named(catalogue, archive, edition)
        matches = find_phrase(refresh(catalogue, home(place), name), phrase, limit)
        query = "SELECT source, stem, outputs FROM files WHERE id = ?"
        shown = []
        for match in matches.best:
            row = next(catalogue.rows(query, (match.file,)))
            shown.append(Hit(row["source"], f"{name}/{row['stem']}.{row['outputs'].split()[0]}", match))
        counted = "SELECT count(*) FROM files JOIN editions ON editions.id = files.edition WHERE editions.name = ? AND status = 'done'"
        n_searched = int(next(catalogue.rows(counted, (name,)))[0])
    return Hits(shown, matches.n_places, matches.n_recordings, n_searched, matches.all_seen)


def edition_named(catalogue: Catalogue, archive: str, edition: str | None) -> str:
    """An edition's name, checked; the newest where none is given.

    Raises:
        InputError: there is no such edition.
    """
    names = [str(row["name"]) for row in catalogue.rows("SELECT name FROM editions ORDER BY id DESC")]
    if not names or (edition is not None and edition not in names):
        raise InputError(f"{archive} has no edition {edition or ''}: choose {' or '.join(names) or 'an archive with finished recordings'}")
    return edition or names[0]
