"""Do several piano networks know better than one, and do they know when they are wrong? Deep ensembles and dropout on the zoo's networks.

    python benchmarks/zoo_doubt.py --runs runs/zoo runs/zoo-seed1 runs/zoo-seed2 [--passes 8 --dropout 0.05]

Takes what benchmarks/zoo.py or zoo_choices.py has trained: one network, --own, from every folder (the same from other beginnings:
Lakshminarayanan et al., NeurIPS 2017), and five kinds of network from the first. An ensemble is the mean of all activations. For each: the
onset threshold that suits the eight takes of "choice", a temperature and Platt's line fitted on the notes there; then, on held-out renders
and on real takes, note onset F1, the expected error of the notes' confidence (15 bins) as it is, at the temperature and on the line, and
the area: the chance that a right note is believed more than a wrong one. "Less doubt" believes a note by how little its networks differ.
95 % intervals by bootstrap over takes.
"""

import argparse
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from zoo import FEATURES, THRESHOLDS, by_file, make_network, mended
from zoo_material import read_takes
from zoo_table import GROUPS, OWN

from tecla.evaluation import calibration, notes, uncertainty
from tecla.training.doubt import dropping
from tecla.training.stored import load_stored
from tecla.training.validation import Take
from tecla.transcription.confidence import Calibration
from tecla.transcription.decode import DecodeConfig, decode_notes
from tecla.transcription.features import FRAME_RATE
from tecla.transcription.transcriber import perform

KINDS = (OWN, "residual HCQT-HPPNet", "Transformer", "U-Net", "SE-U-Net")
Heard = dict[str, list[NDArray[np.float32]]]  # by group, a take each: (T, P, C) probabilities


@dataclass(frozen=True)
class Notes:
    """What was heard of some takes: onset F1 by take; of every note its activation, the spread between networks, whether it is right."""

    f1: NDArray[np.float64]
    activation: NDArray[np.float64]
    spread: NDArray[np.float64]
    right: NDArray[np.bool_]


def load(folder: Path, name: str, picture: Any) -> nn.Module:
    network = make_network(name, picture)
    network.load_state_dict(load_stored(folder / f"{by_file(name)}.safetensors"))
    return network.eval()


@torch.no_grad()
def listen(network: nn.Module, takes: dict[str, list[Take]], picture: Any, dropout: float = 0.0, seed: int = 0) -> Heard:
    with dropping(network, dropout, seed) if dropout else nullcontext():
        return {group: [torch.sigmoid(network(picture(take.samples[None])).keys[0]).numpy() for take in takes[group]] for group in takes}


def decide(members: Sequence[Heard], takes: dict[str, list[Take]], group: str, threshold: float) -> Notes:
    """Notes read from the mean of all members."""
    f1, columns = [], []
    for place, take in enumerate(takes[group]):
        heard = np.stack([member[group][place] for member in members])
        found = decode_notes(heard.mean(0), DecodeConfig(onset_threshold=threshold))
        estimate = mended(take, perform(found, np.zeros((0, 2)), "key"))
        right = np.zeros(len(estimate), bool)
        right[notes.match_onsets(take.played, estimate)[:, 1]] = True
        f1.append(2 * right.sum() / max(1, len(right) + len(take.played)))
        frame = np.clip(
            np.round(perform(found, np.zeros((0, 2)), "key").notes["onset_sec"] * FRAME_RATE).astype(int), 1, heard.shape[1] - 2
        )
        around = frame[:, None] + np.arange(-1, 2)  # the summit may lie a frame beside the rounded onset
        tops = heard[:, around, (estimate.notes["pitch"].astype(int) - 21)[:, None], 0].max(-1)
        columns.append((tops.mean(0), tops.std(0), right))
    activation, spread, right = (np.concatenate(column) for column in zip(*columns, strict=True))
    return Notes(np.array(f1), activation.clip(0, 1).astype(float), spread.astype(float), right)


def row(name: str, members: Sequence[Heard], takes: dict[str, list[Take]]) -> dict[str, NDArray[np.float64]]:
    """Prints a line of the table; onset F1 by take, by group."""
    tried = {t: decide(members, takes, "choice", t) for t in THRESHOLDS}
    threshold = max(tried, key=lambda t: float(tried[t].f1.mean()))
    fitted = tried[threshold].activation, tried[threshold].right
    readings = (Calibration(), Calibration(calibration.fit_temperature(*fitted)), Calibration(*calibration.fit_line(*fitted)))
    cells, f1 = [], {}
    for group in (group for group in GROUPS if group in takes):
        found = decide(members, takes, group, threshold)
        f1[group] = found.f1
        mean = uncertainty.evaluate(found.f1)
        believed = [calibration.evaluate(reading(found.activation), found.right) for reading in readings]
        doubt = f"{calibration.evaluate(np.clip(1 - 2 * found.spread, 0, 1), found.right).area:.3f}" if len(members) > 1 else "-"
        cells += [f"{100 * mean.mean:.1f} [{100 * mean.low:.1f}, {100 * mean.high:.1f}]", *(f"{b.expected_error:.3f}" for b in believed)]
        cells += [f"{believed[0].area:.3f}", doubt]
    print(f"| {name} | {len(members)} | {' | '.join(cells)} |", flush=True)
    return f1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, nargs="+", required=True)
    parser.add_argument("--own", default=OWN, help="the network of all folders, by its name in the table")
    parser.add_argument("--material", type=Path, help="(default: in the first folder)")
    parser.add_argument("--passes", type=int, default=8)
    parser.add_argument("--dropout", type=float, default=0.05)
    options = parser.parse_args()
    torch.set_num_threads(1)
    first, picture = options.runs[0], FEATURES["log-frequency"]()
    takes = read_takes(options.material or first / "material")
    columns = "onset F1 %, confidence error, at the temperature, on the line, area, by less doubt".split(", ")
    groups = [group for group in GROUPS if group in takes]
    print(f"| network | hearings | {' | '.join(f'{group}: {c}' for group in groups for c in columns)} |\n|{'---|' * (2 + 6 * len(groups))}")
    kinds = {
        name: listen(load(first, name, picture), takes, picture)
        for name in dict.fromkeys((options.own, *KINDS))
        if (first / f"{by_file(name)}.safetensors").exists()
    }
    figures = {name: row(name, [heard], takes) for name, heard in kinds.items()}
    own = [kinds[options.own], *(listen(load(folder, options.own, picture), takes, picture) for folder in options.runs[1:])]
    network = load(first, options.own, picture)
    dropped = [listen(network, takes, picture, options.dropout, seed) for seed in range(options.passes)]
    figures["dropout"] = row(f"{options.own}, dropout {options.dropout:g}", dropped, takes)
    together = {
        f"{options.own}, {len(own)} beginnings": own,
        "all kinds": list(kinds.values()),
        "all of these": [*kinds.values(), *own[1:]],
    }
    if len(own) == 1 or len(kinds) == 1:
        together = {name: members for name, members in together.items() if name != "all of these"}
    figures |= {name: row(name, members, takes) for name, members in together.items() if len(members) > 1}
    for name in ("dropout", *together):
        for group in groups:
            if name in figures:
                more = uncertainty.paired_difference(figures[name][group], figures[options.own][group])
                print(f"{name} above {options.own}, {group}: {100 * more.mean:+.1f} [{100 * more.low:.1f}, {100 * more.high:.1f}]")


if __name__ == "__main__":
    main()
