"""The one door for what torch has stored: tensors and plain values, and nothing that could run.

torch's files are pickles, and a pickle may call anything when it is read. `weights_only` reads them with an interpreter of its own
that knows tensors, containers, numbers and text, and refuses every other name.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch

from tecla.errors import InputError


def load_stored(path: Path, device: torch.device | str = "cpu") -> Any:
    """What torch.save has written, its tensors on `device`.

    Raises:
        InputError: missing, damaged, or with anything in it but tensors and plain values; nothing of it has run then.
    """
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing: name the folder of a run") from error
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, LookupError, AttributeError, TypeError, OSError) as error:
        raise InputError(f"{path} is damaged, or holds more than weights: use one that tecla train wrote") from error
