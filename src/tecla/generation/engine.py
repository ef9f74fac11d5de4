"""Runs a shipped network one step at a time: rows in, hidden state on, distribution out. Knows ids, no music; needs no torch.

A network is two graphs. The trunk reads rows and carries a state (attention's keys and values, a recurrent net's h and c); the
head turns its last hidden vector, and the slots of the next row chosen so far, into logits. `NAME.json` beside them is the card:
what it is, what it learned from, under which licence, how good it is, and the shapes of its state.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tecla.errors import InputError, OptionError
from tecla.generation.card import FORMS, MOST_STATE, load_music_card
from tecla.weights.card import check_answers
from tecla.weights.session import Session, open_network

END: Final = 0
_MOST_LOGIT: Final = 1e6
_CHUNK: Final = 256  # rows read at once: bounds the (rows, context) tables of attention
State = dict[str, NDArray[np.float32]]


def shipped() -> list[str]:
    """Names of the networks for generation in this installation, sorted."""
    return sorted(path.name.removesuffix(".head.onnx") for path in _folder().glob("*.head.onnx"))


class Engine:
    """One network and where it stands in a piece."""

    def __init__(self, stem: Path) -> None:
        card, self.trunk, self.head = _opened(stem)
        self.stem = stem
        self.card: dict[str, Any] = card
        self.slots: int = card["slots"]
        self.context: int = card["context"]
        self._form = FORMS[card["tokenizer"]]
        self._outputs = self.head.outputs
        self._inputs = set(self.trunk.inputs)
        fits = self._outputs == tuple(self._form.outputs) and len(self.trunk.outputs) == 1 + len(card["state"])
        if not fits or ("runs" in self._inputs and "max_run" not in card):
            raise InputError(f"{stem}.onnx and {stem}.head.onnx are not what {stem}.json describes: use the three files of one network")
        self.restart()

    @classmethod
    def load(cls, model: str) -> Engine:
        """A shipped network by name, or the path of a NAME.json card.

        Raises:
            OptionError: no such network. InputError: its files are damaged, or do not belong together.
        """
        stem = Path(model).with_suffix("") if model.endswith(".json") else _folder() / model
        if not _is_network(stem):
            raise OptionError(f"model {model!r} is unknown: choose {', '.join(shipped())}, or the path of a .json card")
        return cls(stem)

    def restart(self, skipped: NDArray[Any] | None = None) -> NDArray[np.float32]:
        """Back to the beginning of a piece, whose own row is read: hidden (1, D). Or, without memory, to after `skipped` rows: (0, 0)."""
        self.state = self._blank()
        self.position = -1
        self._recent = np.zeros((0, self.slots), self.card["dtype"])
        self._last: NDArray[Any] | None = None
        self._runs = np.zeros(self.slots, np.int64)
        if skipped is None or not len(skipped):
            return self.feed(np.array([self.card["begin"]]))
        self.position = len(skipped)
        if "max_run" in self.card:
            self._count_runs(skipped[-self.card["max_run"] :])
        return np.zeros((0, 0), np.float32)

    def _blank(self) -> State:
        return {name: np.zeros(shape, np.float32) for name, shape in self.card["state"].items()}

    def fork(self) -> Engine:
        """A second engine at the same place; both go on independently."""
        twin = object.__new__(Engine)
        twin.__dict__.update(self.__dict__)  # arrays are replaced, never written to
        return twin

    def weights_sha256(self) -> str:
        """Hash of both graphs."""
        return _hash(self.stem)

    def feed(self, rows: NDArray[Any]) -> NDArray[np.float32]:
        """Reads rows and moves on. Shape: (L, G) -> hidden vectors (L, D), each the summary from which its next row is chosen."""
        hidden = [self._feed(rows[at : at + _CHUNK]) for at in range(0, len(rows), _CHUNK)]
        if hidden:
            self.hidden = hidden[-1][-1:]
        return np.concatenate(hidden) if hidden else np.zeros((0, 0), np.float32)

    def decide(self, row: NDArray[Any], output: str | None = None) -> NDArray[np.float32]:
        """What may come next, given the slots of the next row chosen so far (the others are ignored).

        Shape: (G,) -> (G, V) logits, or the head's named output (V,).
        """
        return self.judge(self.hidden, row[None], output)[0]

    def judge(self, hidden: NDArray[np.float32], rows: NDArray[Any], output: str | None = None) -> NDArray[np.float32]:
        """The same for many rows at once. Shape: (L, D), (L, G) -> (L, G, V) or (L, V)."""
        feeds = {"hidden": hidden[None], "row": rows[None].astype(self.card["dtype"])}
        name = output or self._outputs[0]
        (answer,) = self.head.run([name], feeds)
        wanted = (1, len(rows), *self._form.shape(name, answer.shape))
        check_answers(Path(f"{self.stem}.head.onnx"), [answer], [wanted], -_MOST_LOGIT, _MOST_LOGIT)
        result: NDArray[np.float32] = answer[0]
        return result

    def _feed(self, rows: NDArray[Any]) -> NDArray[np.float32]:
        self._forget(len(rows))
        if self.card.get("rereads"):
            self._recent = np.concatenate([self._recent, rows])[-self.context :]
        return self._read(rows)

    def _read(self, rows: NDArray[Any]) -> NDArray[np.float32]:
        feeds = {"previous": rows[None].astype(self.card["dtype"]), **self.state}
        if "start" in self._inputs:
            feeds["start"] = np.array([self.position + 1], np.int64)
        if "runs" in self._inputs:
            feeds["runs"] = self._count_runs(rows)[None]
        hidden, *grown = self.trunk.run(None, feeds)
        self._check(hidden, grown, len(rows))
        self.state = dict(zip(self.state, grown, strict=True))
        self.position += len(rows)
        result: NDArray[np.float32] = hidden[0]
        return result

    def _check(self, hidden: NDArray[Any], grown: list[NDArray[Any]], n_rows: int) -> None:
        trunk, largest = Path(f"{self.stem}.onnx"), float(np.finfo(np.float32).max)
        check_answers(trunk, [hidden], [(1, n_rows, *hidden.shape[2:3])], -largest, largest)
        if hidden.ndim != 3 or [part.ndim for part in grown] != [part.ndim for part in self.state.values()]:
            raise InputError(f"{trunk} does not answer as its card says: use the three files of one network")
        if sum(part.size for part in grown) > MOST_STATE:
            raise InputError(f"{trunk} remembers more than {MOST_STATE} numbers: use weights that tecla trained")

    def _forget(self, coming: int) -> None:
        """Drops the older half of what attention remembers once the context is full, so that a piece may last for ever.

        A network that knows places, not distances, reads the newer half again from its first place (`rereads` in its card).
        """
        held = max((self.state[name].shape[axis] for name, axis in self.card["growing"].items()), default=0)
        if held + coming <= self.context:
            return
        keep = max(0, self.context // 2 - coming)
        if self.card.get("rereads"):
            self.state, rows = self._blank(), self._recent[len(self._recent) - keep :]
            self.position -= len(rows)
            if len(rows):
                self._read(rows)
            return
        for name, axis in self.card["growing"].items():
            self.state[name] = np.take(self.state[name], np.arange(held - keep, held), axis)

    def _count_runs(self, rows: NDArray[Any]) -> NDArray[np.int64]:
        runs = np.zeros(rows.shape, np.int64)
        for at, row in enumerate(rows):
            same = self._last is not None and self._last == row
            self._runs = np.where(same, np.minimum(self._runs + 1, self.card["max_run"] - 1), 0)
            self._last, runs[at] = row, self._runs
        return runs


def _folder() -> Path:
    return Path(str(resources.files("tecla.weights")))


def _is_network(stem: Path) -> bool:
    return all(Path(f"{stem}{suffix}").is_file() for suffix in (".onnx", ".head.onnx", ".json"))


@cache
def _hash(stem: Path) -> str:
    digest = hashlib.sha256()
    for suffix in (".onnx", ".head.onnx"):
        digest.update(Path(f"{stem}{suffix}").read_bytes())
    return digest.hexdigest()


@cache
def _opened(stem: Path) -> tuple[dict[str, Any], Session, Session]:
    card = load_music_card(Path(f"{stem}.json"))
    return card, open_network(Path(f"{stem}.onnx")), open_network(Path(f"{stem}.head.onnx"))
