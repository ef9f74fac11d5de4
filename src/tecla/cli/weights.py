"""The option --model of every command that listens, with the shipped models by name."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from tecla.weights import TRANSCRIBERS

WEIGHTS_HELP: Final = f"The weights: {', '.join(TRANSCRIBERS)} (they come with tecla), or an .onnx file."
Weights = Annotated[str, typer.Option(help=WEIGHTS_HELP)]
