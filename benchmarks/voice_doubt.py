"""What the beliefs of the voice corpus' networks are worth: alone, with dropout while listening, together, and at another temperature.

    python benchmarks/voice_doubt.py --corpus FOLDER --runs runs/voice [--passes 8] -o doubt.png

--runs is the --out folder of benchmarks/voice.py, with the networks and their beliefs on the validation clips. Monte Carlo dropout (Gal &
Ghahramani 2016) listens several times with the dropout of training; the ensemble (Lakshminarayanan et al. 2017) is the mean of all networks
there; the temperature (Guo et al. 2017) is fitted on every second clip and judged on the others, both ways round. Frames of 45 clips, whose
neighbours are much alike: the clips are the units of the intervals. Prints a table, draws reliability, reliability by class, how far errors
lie from a change of the label, and how far networks disagree there.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from voice import NAMES, NETWORKS

from tecla.corpora import load_corpus
from tecla.corpora.pictures import COLOURS, make_figure, plain, save_figure
from tecla.evaluation import class_calibration, uncertainty
from tecla.evaluation.class_calibration import ClassReliability, fit_slope, sharpen
from tecla.training.stored import load_stored
from tecla.training.voice_classes import FRAME_RATE, N_CLASSES, Clips, believe, load_clips
from tecla.transcription.monophonic.network import LineNetwork, find_line_weights

Belief = NDArray[np.float64]  # (N, T, K)
CLASSES = ("silence", "C", "E", "G")


def dropped(network: torch.nn.Module, clips: Clips, passes: int) -> Belief:
    """Beliefs with the dropout of training, norms as they are while listening, (passes, N, T, K)."""
    network.eval()
    dropouts = [module for module in network.modules() if isinstance(module, torch.nn.Dropout | torch.nn.Dropout1d | torch.nn.Dropout2d)]
    heard = []
    for seed in range(passes):
        torch.manual_seed(seed)
        with torch.no_grad():
            for module in dropouts:
                module.train()
            parts = [torch.softmax(network(part.float()), -1) for part in clips.features.split(16)]
        heard.append(torch.cat(parts).double().numpy())
    return np.stack(heard)


def shipped(clips: Clips) -> Belief:
    """Beliefs of the network that comes with tecla."""
    network = LineNetwork(find_line_weights("c4-e4-g4"))
    return np.stack([network(features.float().numpy())[0] for features in clips.features]).astype(np.float64)


def crossed(belief: Belief, reference: NDArray[np.integer]) -> tuple[Belief, list[float]]:
    """Every clip at the temperature that suits the clips of the other half, and the two temperatures."""
    out, temperatures = np.empty_like(belief), []
    for half in (0, 1):
        slope = fit_slope(belief[1 - half :: 2].reshape(-1, N_CLASSES), reference[1 - half :: 2].ravel())
        out[half::2] = sharpen(belief[half::2], slope)
        temperatures.append(1 / slope)
    return out, temperatures


def judge(belief: Belief, reference: NDArray[np.integer]) -> ClassReliability:
    return class_calibration.evaluate(belief.reshape(-1, N_CLASSES), reference.ravel())


def row(name: str, belief: Belief, reference: NDArray[np.integer]) -> str:
    found, (cooled, temperatures) = judge(belief, reference), crossed(belief, reference)
    after = judge(cooled, reference)
    right = uncertainty.evaluate((belief.argmax(-1) == reference).mean(1))
    return (
        f"| {name} | {100 * right.mean:.2f} [{100 * right.low:.2f}, {100 * right.high:.2f}] | {found.answers.expected_error:.3f}"
        f" | {found.worst_class_error:.3f} | {found.negative_log_likelihood:.3f} | {found.answers.area:.3f} | {np.mean(temperatures):.2f}"
        f" | {after.answers.expected_error:.3f} | {after.worst_class_error:.3f} | {after.negative_log_likelihood:.3f} |"
    )


def distance_to_change_sec(reference: NDArray[np.integer]) -> NDArray[np.float64]:
    """From each frame to the nearest change of its clip's label, (N, T); infinite where there is none."""
    frames = np.arange(reference.shape[1])
    rows = [np.flatnonzero(np.diff(clip)) + 0.5 for clip in reference]
    return np.stack([np.abs(frames[:, None] - np.append(at, np.inf)).min(1) for at in rows]) / FRAME_RATE


def draw(ways: dict[str, Belief], members: Belief, reference: NDArray[np.integer], path: Path) -> None:
    figure = make_figure(13, 10)
    (whole, by_class), (errors, disagreement) = figure.subplots(2, 2)
    for (name, belief), colour in zip(ways.items(), COLOURS, strict=False):
        found = judge(belief, reference).answers
        some = found.count >= 100
        whole.plot(found.believed[some], found.right[some], "o-", color=colour, markersize=4, label=f"{name}: {found.expected_error:.3f}")
    best = list(ways.values())[-1]
    for name, found, colour in zip(CLASSES, judge(best, reference).classes, COLOURS, strict=False):
        some = found.count >= 100
        by_class.plot(
            found.believed[some], found.right[some], "o-", color=colour, markersize=4, label=f"{name}: {found.expected_error:.3f}"
        )
    for panel, title in ((whole, "Answers"), (by_class, f"Each class, {list(ways)[-1]}")):
        panel.plot([0, 1], [0, 1], color="#26262a", linewidth=0.8)
        plain(panel, f"{title}: expected calibration error", "believed", "share of frames that are so")
        panel.legend(frameon=False, fontsize=9)
    distance = distance_to_change_sec(reference)
    for (name, belief), colour in zip(list(ways.items())[:-1], COLOURS, strict=False):
        wrong = np.sort(distance[belief.argmax(-1) != reference])
        errors.plot(1000 * wrong, np.arange(1, len(wrong) + 1) / len(wrong), color=colour, label=f"{name}: {len(wrong):,} frames")
    errors.plot(1000 * np.sort(distance.ravel()), np.arange(1, distance.size + 1) / distance.size, color="#b9b9b4", label="all frames")
    errors.set_xlim(0, 500)
    errors.legend(frameon=False, fontsize=9)
    plain(errors, "Where the errors lie", "ms from the nearest change of the label", "share of the errors")
    variance, edges = members.var(0).mean(-1), np.arange(0, 0.52, 0.02)
    means = [variance[(distance >= a) & (distance < a + 0.02)].mean() for a in edges]
    disagreement.plot(1000 * (edges + 0.01), means, "o-", color=COLOURS[0], markersize=4)
    plain(disagreement, "Where the networks disagree", "ms from the nearest change of the label", "variance between networks")
    save_figure(figure, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--passes", type=int, default=8)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    clips = load_clips(load_corpus(f"voice:{options.corpus}").of_split("validation").recordings)
    reference = clips.classes.numpy()
    alone: dict[str, Belief] = {}
    for name, make in NETWORKS.items():
        stored = options.runs / f"{name}-both-0.safetensors"
        if stored.exists():
            network = make(N_CLASSES)
            network.load_state_dict(load_stored(stored))
            alone[name] = believe(network, clips.features).astype(np.float64)
            if name == "crnn":
                dropout = dropped(network, clips, options.passes)
    head = ("", "frames right %", "ECE", "worst class", "- log likelihood", "area", "temperature", "then ECE", "worst class", "- log l.")
    print(f"| {' | '.join(head)} |\n{'|---' * len(head)}|")
    for name, belief in alone.items():
        print(row(NAMES[name], belief, reference), flush=True)
    together = np.stack(list(alone.values()))
    mean = {f"CRNN with dropout, {options.passes} times": dropout.mean(0), f"{len(alone)} networks": together.mean(0)}
    for name, belief in {**mean, "shipped: CRNN, three cycles": shipped(clips)}.items():
        print(row(name, belief, reference), flush=True)
    ways = {"CRNN": alone["crnn"], **mean}
    ways["networks, temperature"] = crossed(together.mean(0), reference)[0]
    draw(ways, together, reference, options.output)


if __name__ == "__main__":
    main()
