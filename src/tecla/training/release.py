"""A run becomes weights to use: its best network as .onnx, and a card that says where they come from and what may be done with them."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from tecla import __version__
from tecla.errors import InputError
from tecla.training.export import export_onnx
from tecla.training.quantise import quantise
from tecla.training.run import INIT_CARD, load_card, load_options, load_sources, network_of, write_json
from tecla.training.stored import fitted, load_stored
from tecla.transcription.decode import DecodeConfig


def export_run(folder: Path, target: Path) -> Path:
    """Writes a run's best weights, and a card of the same name as JSON beside them; returns the card's path.

    Raises:
        InputError: the folder holds no run, or one that has not been judged yet.
    """
    options = load_options(folder)
    if not (folder / "best.safetensors").exists():
        raise InputError(f"{folder} has no best weights yet: train until its first checkpoint")
    best = load_stored(folder / "best.safetensors")
    network = network_of(folder, options)()
    with fitted(folder / "best.safetensors"):
        network.load_state_dict(best["network"])
    card = {
        "name": target.stem,
        "tecla": __version__,
        "commit": code_commit(),
        "date": datetime.now(UTC).date().isoformat(),
        "parameters": sum(p.numel() for p in network.parameters()),
        "data": load_sources(folder),
        "licence": _licence(load_sources(folder)),
        "validation": best["metrics"],
        "options": vars(options),
    }
    if options.init is None and "onset_threshold" in best["metrics"]:
        card["reading"] = vars(DecodeConfig(onset_threshold=best["metrics"]["onset_threshold"]))
    # Numbers that are read together with the weights: those of the weights it began with fit better than none.
    card |= {entry: stated for entry, stated in load_card(folder / INIT_CARD).items() if entry in ("reading", "calibration", "dynamics")}
    export_onnx(network, target)
    path = target.with_suffix(".json")
    write_json(path, card)
    return path


def export_rounded(weights: Path, target: Path) -> Path:
    """Writes weights in eight bits (`tecla.training.quantise`), and their card without the figures, which are others now; returns its path.

    Raises:
        InputError: the file is no network that tecla exported, or its card is damaged.
    """
    path, source = target.with_suffix(".json"), weights.with_suffix(".json")
    try:
        card = json.loads(source.read_text("utf-8")) if source.exists() else {}
    except (OSError, ValueError) as error:
        raise InputError(f"{source} is no card ({error}): mend it, or take it away") from error
    card = {"name": target.stem, "made from": f"{weights.name}, its convolutions in eight bits"} | {
        entry: stated for entry, stated in card.items() if entry not in ("name", "metrics", "validation")
    }
    quantise(weights, target)
    write_json(path, card)
    return path


def _licence(sources: dict[str, str]) -> str:
    """Weights inherit from what they learned."""
    bound = [title for title, licence in sources.items() if "NC" in licence or "non-commercial" in licence]
    return f"non-commercial, as {' and '.join(bound)}" if bound else "as their data, see there"


def code_commit() -> str | None:
    """The working tree's commit, if tecla runs from one."""
    here = Path(__file__)
    command = ["git", "rev-parse", "HEAD", f"HEAD:./{here.name}"]  # fails where the tree is another's, that tecla is only installed in
    try:
        done = subprocess.run(command, cwd=here.parent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.split()[0]
