"""What a run says of itself: numbers for TensorBoard, a picture of the curves, lines of JSON. Rewritten whole from history on resume."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tecla.io.target import whole_target

Numbers = dict[str, float]
PICTURE: Final = "loss.png"
_PLAIN: Final = ("step", "sec")


class Journal:
    """Writes `log.jsonl`, TensorBoard events and `loss.png` into a run's folder.

    Args:
        folder: the run's.
        history: what was written before the run was stopped; anything later than its last step is forgotten.
    """

    def __init__(self, folder: Path, history: list[Numbers]) -> None:
        from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415

        self.folder, self.history = folder, history
        folder.mkdir(parents=True, exist_ok=True)
        last = int(history[-1]["step"]) if history else 0
        self._events = SummaryWriter(str(folder / "events"), purge_step=last + 1 if history else None)
        (folder / "log.jsonl").write_text("".join(json.dumps(numbers) + "\n" for numbers in history))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._events.close()
        self.draw()

    def write(self, numbers: Numbers) -> None:
        """Notes numbers of one step; the step is `numbers["step"]`."""
        self.history.append(numbers)
        for name, number in numbers.items():
            if name not in _PLAIN:
                self._events.add_scalar(name, number, int(numbers["step"]))
        with (self.folder / "log.jsonl").open("a") as log:
            log.write(json.dumps(numbers) + "\n")

    def draw(self) -> None:
        """Draws the loss, and the validation's F1 where there is one, over the steps."""
        from matplotlib.figure import Figure  # noqa: PLC0415

        figure = Figure(figsize=(9, 5), layout="constrained")
        axes = figure.subplots()
        axes.plot(*self._column("loss"), color="tab:blue", linewidth=1.2)
        axes.set(xlabel="step", ylabel="training loss", yscale="log")
        steps, f1 = self._column("onset_f1")
        if steps:
            right = axes.twinx()
            right.plot(steps, f1, color="tab:orange", marker="o", markersize=3)
            right.set(ylabel="validation note onset F1", ylim=(0, 1))
        with whole_target(self.folder / PICTURE) as neighbour:
            figure.savefig(neighbour, format="png", dpi=110)

    def _column(self, name: str) -> tuple[list[float], list[float]]:
        rows = [(numbers["step"], numbers[name]) for numbers in self.history if name in numbers]
        return [step for step, _ in rows], [number for _, number in rows]
