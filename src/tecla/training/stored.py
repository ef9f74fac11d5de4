"""What training keeps: tensors as safetensors, the rest as JSON in the same file. Nothing in it can run, and nothing is unpickled.

python -m tecla.training.stored OLD.pt ...      makes OLD.safetensors of what tecla kept in torch's own format before
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from tecla.errors import InputError

SUFFIX: Final = ".safetensors"
_REST: Final = "tecla"


def save_stored(value: Any, path: Path) -> None:
    """Writes tensors, plain values, and dicts, lists and tuples of them, whole or not at all.

    Raises:
        TypeError: there is anything else in it.
    """
    tensors: dict[str, torch.Tensor] = {}
    rest = json.dumps(_apart(value, tensors))
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    partial.write_bytes(save(tensors, {_REST: rest}))
    partial.replace(path)


def load_stored(path: Path, device: torch.device | str = "cpu") -> Any:
    """What `save_stored` has written, its tensors on `device`.

    Raises:
        InputError: missing, damaged, or of another kind.
    """
    if path.suffix == ".pt":
        raise InputError(f"{path} is in torch's own format, which is no longer read: python -m tecla.training.stored {path} converts it")
    try:
        with safe_open(path, "pt", device=str(device)) as file:
            return _together(json.loads(file.metadata()[_REST]), file)
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing: name the folder of a run") from error
    except (SafetensorError, OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise InputError(f"{path} is damaged, or no weights of tecla's training: use one that tecla train wrote") from error


@contextmanager
def fitted(path: Path) -> Iterator[None]:
    """Around putting to use what was loaded from a path: what does not fit is the file's fault.

    Raises:
        InputError: it does not fit.
    """
    try:
        yield
    except (RuntimeError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path} does not fit here ({why}): use what the same training wrote") from error


def _apart(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    """The value as JSON, with its tensors put aside. Plain values stand for themselves, all others are an object of one entry."""
    if isinstance(value, torch.Tensor):
        tensors[str(len(tensors))] = value.detach().cpu().clone(memory_format=torch.contiguous_format)
        return {"tensor": str(len(tensors) - 1)}
    if isinstance(value, dict):
        return {"dict": [[_apart(name, tensors), _apart(inner, tensors)] for name, inner in value.items()]}
    if isinstance(value, list | tuple):
        return {"tuple" if isinstance(value, tuple) else "list": [_apart(inner, tensors) for inner in value]}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"a {type(value).__name__} is neither a tensor nor plain")


def _together(value: Any, file: Any) -> Any:
    if not isinstance(value, dict):
        return value
    ((kind, inner),) = value.items()
    if kind == "tensor":
        return file.get_tensor(inner)
    if kind == "dict":
        return {_together(name, file): _together(one, file) for name, one in inner}
    parts = [_together(one, file) for one in inner]
    return {"list": list, "tuple": tuple}[kind](parts)


def convert(path: Path) -> None:
    """Makes a .safetensors beside a .pt, read by torch's `weights_only` reader, which knows tensors and plain values alone.

    Raises:
        InputError: it is damaged, or holds more than weights; nothing of it has run then.
    """
    try:
        kept = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # damage makes it raise whatever Python raises at that place
        raise InputError(f"{path} is damaged, or holds more than weights") from error
    try:
        save_stored(kept, path.with_suffix(SUFFIX))
    except (TypeError, ValueError, RuntimeError, RecursionError) as error:
        raise InputError(f"{path} holds more than tensors and plain values") from error


if __name__ == "__main__":
    for name in sys.argv[1:]:
        convert(Path(name))
