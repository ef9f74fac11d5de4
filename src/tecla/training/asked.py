"""What a run was asked for, read back from its run.json: a file that anybody may have changed, or handed over."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from types import UnionType
from typing import Any, Final, TypeVar, get_args, get_type_hints

from tecla.errors import InputError, OptionError

MOST: Final = {"steps": 10**9, "batch": 10**5, "n_frames": 10**5, "save_every": 10**9, "patience": 10**9, "seed": 2**62, "minutes": 10**7}
_MOST_BYTES: Final = 2**20

T = TypeVar("T")


def load_asked(folder: Path, kind: type[T]) -> T:
    """A dataclass of `kind` from a folder's run.json, each value of its field's type and within bounds.

    Raises:
        InputError: there is none, or it says what cannot be.
    """
    try:
        with (folder / "run.json").open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
        if len(text) > _MOST_BYTES:
            raise ValueError("larger than 1 MiB")
        stored = json.loads(text)
        if not isinstance(stored, dict):
            raise ValueError("no object")
        asked = kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()})
        _check_types(asked)
        check_bounds(asked)
    except OSError as error:
        raise InputError(f"{folder} holds no run ({error.strerror}): name a folder that tecla train wrote") from error
    except (ValueError, TypeError, RecursionError, OptionError) as error:
        mend = "name a folder that tecla train wrote, or begin anew in another"
        raise InputError(f"{folder} holds no run that can be gone on with (run.json: {error}): {mend}") from error
    return asked


def check_bounds(asked: Any) -> None:
    """Raises OptionError for a number that is not above 0 (a seed may be 0) or beyond `MOST`."""
    for field in fields(asked):
        value, most = getattr(asked, field.name), MOST.get(field.name, 1)
        if not isinstance(value, int | float) or isinstance(value, bool):
            continue
        if not (value > 0 or (field.name == "seed" and value == 0)):
            raise OptionError(f"{field.name} is {value!r:.40}: must be more than 0")
        if value > most:
            raise OptionError(f"{field.name} is {value!r:.40}: must be at most {most}")


def _check_types(asked: Any) -> None:
    hints = get_type_hints(type(asked))
    for name, value in vars(asked).items():
        if not _is(value, hints[name]):
            raise ValueError(f"{name} is {json.dumps(value)[:80]}")


def _is(value: object, kind: Any) -> bool:
    if isinstance(kind, UnionType):
        return any(_is(value, one) for one in get_args(kind))
    if get_args(kind):  # tuple[str, ...]
        return isinstance(value, tuple) and all(_is(one, get_args(kind)[0]) for one in value)
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is kind
