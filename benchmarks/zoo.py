"""Every network of the zoo, trained for the same time on the same sound, and judged by the same rules.

    python benchmarks/zoo.py --out runs/zoo --pianos FOLDER --maestro FOLDER --maps-synth FOLDER --maps FOLDER [--seconds 240] [--ablations]
    python benchmarks/zoo.py --out runs/zoo --speed        how fast each hears, and in how much memory, all in one run
    python benchmarks/zoo.py --out runs/zoo --table        what there is so far, with curves.png

What they learn from and are judged by is made once (zoo_material.py). Every network learns for the same processor time on one core
(`--seconds`; processor time, so that a busy machine changes little), with the same rate, which falls with the time that is left. The
threshold of its onsets is chosen on renders of other training performances; then note F1 by mir_eval's rules against the performances, ends
as sounding, after the one constant shift that suits each take best. NMF learns its templates from one of the pianos, and its threshold is
chosen in the same way. Ablations take something from tecla's own network. Results are JSON files, so a run that was stopped goes on.
--targets, --ends and --loss try another way to draw targets or to weigh errors, --features another picture; zoo_choices.py tries them all.
With --steps the budget is a number of lessons instead, for choices that do not change what a lesson costs.
"""

import argparse
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from zoo_material import KINDS, Lesson, Lessons, Material, load_material, load_takes
from zoo_speed import measure_speed, ten_seconds
from zoo_table import GROUPS, OWN, RULES, draw_curves, table

from tecla.evaluation import notes, shift
from tecla.models import features as pictures
from tecla.models.harmonic import HarmonicConfig, HarmonicNet
from tecla.models.nmf import load_templates, loudness, magnitudes, transcribe_by_nmf
from tecla.music import Performance
from tecla.rendering.overlay import draw_overlay
from tecla.training import loop
from tecla.training.losses import transcription_loss
from tecla.training.networks import make_piano_network, standardise
from tecla.training.stored import load_stored, save_stored
from tecla.training.validation import Take
from tecla.transcription.coherence import mend_pedal
from tecla.transcription.decode import DecodeConfig, decode_notes, decode_pedal, frames_to_sec
from tecla.transcription.features import HOP_SAMPLES, MARGIN_SAMPLES, N_BINS, SAMPLE_RATE, bin_hz
from tecla.transcription.network import Activations
from tecla.transcription.transcriber import Offsets, perform

THRESHOLDS = (0.005, 0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
JUMPS = (0.03, 0.045, 0.06, 0.09, 0.12, 0.16)
LOOKS = 8  # times that the loss on held-out lessons is looked at, outside the budget
Heard = Callable[[Take], dict[float, Performance]]  # by threshold

ANY_PICTURE = {"CRNN": "crnn", "Transformer": "transformer", "U-Net": "unet", "U-Net + BiLSTM": "unet-bilstm", "SE-U-Net": "se-unet"}
SMALL = HarmonicConfig(channels=24, blocks=2, memory=24, pedal_memory=24)  # half as wide as the shipped one, a third as deep
KEYED = {
    "Onsets and Frames": "onsets-frames",
    "Kong regression": "kong-regression",
    "HPPNet": "hppnet",
    "residual HCQT-HPPNet": "hcqt-hppnet",
}


def own() -> HarmonicNet:
    """tecla's own, small."""
    return HarmonicNet(SMALL)


ABLATIONS: dict[str, Callable[[], nn.Module]] = {
    f"{OWN}, no harmonic mix": lambda: without_mix(own()),
    f"{OWN}, no memory": lambda: without_memory(own()),
    f"{OWN}, dry": own,
    f"{OWN}, one-piano": own,
}
SMALLEST = f"{OWN[:-1]}est)"  # what learns most in a minute
OTHERS: dict[str, Callable[[], nn.Module]] = {
    SMALLEST: lambda: without_memory(HarmonicNet(HarmonicConfig(channels=16, blocks=2, memory=16, pedal_memory=16)))
}


class MelByKey(nn.Module):
    """A mel spectrum read off at tecla's bins, for networks that want equal steps a semitone: stretched, it holds no more than before."""

    n_windows, n_bins = 1, N_BINS

    def __init__(self) -> None:
        super().__init__()
        self.mel = pictures.Mel()
        bands = self.mel.get_buffer("bands").double()  # (1025, 229)
        centre_hz = (torch.linspace(0, SAMPLE_RATE / 2, len(bands)).double() @ bands / bands.sum(0)).numpy()
        place = torch.from_numpy(np.interp(bin_hz(), centre_hz, np.arange(len(centre_hz))))
        self.lower = place.long().clamp(max=len(centre_hz) - 2)
        self.share = (place - self.lower).float()

    def forward(self, samples: Tensor) -> Tensor:  # noqa: D102
        heard = self.mel(samples)
        return heard[..., self.lower] * (1 - self.share) + heard[..., self.lower + 1] * self.share


FEATURES: dict[str, Callable[[], Any]] = {
    "log-frequency": pictures.Spectrogram, "cqt": pictures.ConstantQ, "hcqt": pictures.HarmonicConstantQ, "mel": pictures.Mel,
    "mel-by-key": MelByKey,
}  # fmt: skip
ENDS: dict[str, tuple[slice, Offsets]] = {  # which ends are taught, among the channels of keys, and how they are read
    "both": (slice(2, 6), "key"),
    "pedal-extended": (slice(2, 4), "sounding"),
    "key": (slice(4, 6), "key"),
}


def without_mix(network: HarmonicNet) -> nn.Module:
    """Partials are no longer laid on one another."""
    for block in network.blocks:
        block.mix = nn.Identity()
    return network


class Forgetful(nn.Module):
    """In place of a GRU: each frame for itself, of the same width."""

    def __init__(self, gru: nn.GRU) -> None:
        super().__init__()
        self.linear = nn.Linear(gru.input_size, 2 * gru.hidden_size)

    def forward(self, x: Tensor) -> tuple[Tensor, None]:  # noqa: D102
        return torch.tanh(self.linear(x)), None


def without_memory(network: HarmonicNet) -> nn.Module:
    """Keys forget from frame to frame; what the convolutions see, a quarter of a second, is all there is."""
    network.memory = Forgetful(network.memory)  # type: ignore[assignment]
    return network


def make_network(name: str, picture: Any) -> nn.Module:
    """A network by its name in the table, for a picture if it takes any."""
    if name in ANY_PICTURE:
        return make_piano_network(ANY_PICTURE[name], n_windows=picture.n_windows, n_bins=picture.n_bins)
    network = make_piano_network(KEYED[name]) if name in KEYED else (ABLATIONS | OTHERS).get(name, own)()
    if isinstance(network, HarmonicNet) and network.fold.in_channels != picture.n_windows:
        network.fold = nn.Conv2d(picture.n_windows, 32, (3, 8), stride=(1, 4), padding=(1, 2), bias=False)
    return network


def train(name: str, material: Material, picture: Any, options: argparse.Namespace) -> tuple[nn.Module, int, list[tuple[float, float]]]:
    """A network after `seconds` of processor time or after `steps`, its steps, and its curve: (seconds, loss on held-out lessons)."""
    taught, _ = ENDS[options.ends]

    def loss(network: nn.Module, lesson: Lesson) -> tuple[Tensor, dict[str, Tensor]]:
        keys, ends = lesson.keys.float(), lesson.keys[..., taught].float()
        wanted = torch.cat([keys[..., :2], ends[..., :2], ends[..., -2:]], -1)  # both pairs of channels learn the ends that are taught
        return transcription_loss(network(lesson.features.float()), wanted, lesson.pedals.float(), kind=options.loss)

    def made() -> nn.Module:
        network = make_network(name, picture)
        standardise(network, torch.cat([lesson.features for lesson in material.lessons[:12]]))
        return network

    torch.manual_seed(options.seed)
    config = loop.LoopConfig(bfloat16=False, average=0.98)
    state, stream, spent, curve = loop.new_state(made, config, torch.device("cpu")), Lessons(material.lessons), 0.0, []
    state.network.train()
    while (done := state.step / options.steps if options.steps else spent / options.seconds) < 1:
        began = time.process_time()
        rate = options.rate * min((state.step + 1) / 20, 1.0, 2 * (1 - done))
        loop.learn(state, stream[state.step], loss, rate, config, torch.device("cpu"))
        spent += time.process_time() - began
        if done >= (len(curve) + 0.9) / (1 if options.steps else LOOKS):
            with torch.no_grad():
                curve.append((round(spent, 1), float(np.mean([float(loss(state.average, lesson)[0]) for lesson in material.held_out]))))
    return state.average.eval(), state.step, curve


def trained(name: str, options: argparse.Namespace, picture: Any) -> tuple[nn.Module, int, list[tuple[float, float]]]:
    """As `train`, or what an earlier call left in the folder of the run."""
    weights = options.out / f"{by_file(name)}.safetensors"
    told = weights.with_suffix(".steps")
    if not told.exists():
        kind = next((kind for kind in KINDS if name.endswith(f", {kind}")), "all")
        network, steps, curve = train(name, load_material(options, kind, picture), picture, options)
        save_stored(network.state_dict(), weights)
        told.write_text(json.dumps([steps, curve]), "utf-8")
    network = make_network(name, picture).eval()
    network.load_state_dict(load_stored(weights))
    return network, *json.loads(told.read_text("utf-8"))


@torch.no_grad()
def by_network(network: nn.Module, picture: nn.Module, thresholds: tuple[float, ...], offsets: Offsets = "key") -> Heard:
    """What a network hears of a take, for each threshold of its onsets."""

    def hear(take: Take) -> dict[float, Performance]:
        heads = network(picture(take.samples[None]))
        heard = Activations(torch.sigmoid(heads.keys[0]).numpy(), torch.sigmoid(heads.pedals[0]).numpy())
        pedal_sec = mend_pedal(frames_to_sec(decode_pedal(heard.pedals, DecodeConfig())))
        return {t: perform(decode_notes(heard.keys, DecodeConfig(onset_threshold=t)), pedal_sec, offsets) for t in thresholds}

    return torch.no_grad()(hear)


def by_nmf(pianos: Path, jumps: tuple[float, ...]) -> Heard:
    """What NMF hears of a take, for each rise that begins a note."""
    templates = load_templates(min(pianos.glob("*/bank.json")).parent)

    def hear(take: Take) -> dict[float, Performance]:
        sound = take.samples.numpy()[MARGIN_SAMPLES : -MARGIN_SAMPLES + HOP_SAMPLES]
        return {jump: transcribe_by_nmf(sound, templates, jump) for jump in jumps}

    return hear


def mended(take: Take, estimate: Performance) -> Performance:
    """An estimate without its one constant delay."""
    return estimate.shifted(-shift.evaluate(take.played, estimate).shift_sec)


def choose(listen: Heard, takes: list[Take]) -> float:
    """The threshold with the highest mean onset F1."""
    found = [{t: notes.evaluate(take.played, mended(take, heard)).onset.f1 for t, heard in listen(take).items()} for take in takes]
    return max(found[0], key=lambda t: float(np.mean([row[t] for row in found])))


def judge(listen: Heard, takes: dict[str, list[Take]], name: str, folder: Path) -> dict[str, Any]:
    """Note F1 of every take, by group and rule, and a picture of the first of each group."""
    found: dict[str, Any] = {}
    for group in (group for group in GROUPS if group in takes):
        heard = [mended(take, next(iter(listen(take).values()))) for take in takes[group]]
        metrics = [notes.evaluate(take.played, estimate) for take, estimate in zip(takes[group], heard, strict=True)]
        found[group] = {rule: [round(getattr(m, rule).f1, 4) for m in metrics] for rule in RULES}
        played, estimate = (_beginning(p, 10.0) for p in (takes[group][0].played, heard[0]))
        draw_overlay(played, estimate, notes.match_onsets(played, estimate), folder / f"{by_file(name)}.{group}.png", name)
    return found


def _beginning(whole: Performance, length_sec: float) -> Performance:
    return Performance(whole.notes[whole.notes["onset_sec"] < length_sec], whole.controls[whole.controls["time_sec"] < length_sec])


def run(name: str, options: argparse.Namespace, picture: Any) -> dict[str, Any]:
    """Trains, chooses, judges; the row of a network."""
    takes = load_takes(options)
    if name == "NMF":
        parameters, steps, curve = 88 * 396, 0, list[tuple[float, float]]()
        listener: Callable[[tuple[float, ...]], Heard] = lambda jumps: by_nmf(options.pianos, jumps)  # noqa: E731
    else:
        network, steps, curve = trained(name, options, picture)
        parameters = sum(p.numel() for p in network.parameters())
        listener = lambda thresholds: by_network(network, picture, thresholds, ENDS[options.ends][1])  # noqa: E731
    threshold = choose(listener(JUMPS if name == "NMF" else THRESHOLDS), takes["choice"])
    rows = judge(listener((threshold,)), takes, name, options.out)
    return {
        "name": name,
        "seconds": options.seconds,
        "parameters": parameters,
        "steps": steps,
        "threshold": threshold,
        "curve": curve,
        **rows,
    }


@torch.no_grad()
def time_all(names: list[str], options: argparse.Namespace, picture: Any) -> None:
    """How fast each network hears behind its picture, and in how much memory. Weights do not matter."""
    samples = ten_seconds()
    templates = load_templates(min(options.pianos.glob("*/bank.json")).parent)
    listeners: dict[str, Callable[[], Any]] = {"NMF": lambda: loudness(magnitudes(samples.numpy()), templates)}
    for name in (name for name in names if name != "NMF"):
        listeners[name] = partial(lambda network: network(picture(samples[None])), make_network(name, picture).eval())
    measure_speed(listeners, options.out)


def by_file(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name.lower())


def set_up(description: str | None) -> argparse.Namespace:
    """The command line, the folder of the run, one thread."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("out", "pianos", "maestro", "maps", "maps-synth"):
        parser.add_argument(f"--{name}", type=Path, required=name == "out")
    parser.add_argument("--material", type=Path, help="where lessons and takes lie, or will (default: in the folder of the run)")
    parser.add_argument("--seconds", type=float, default=240.0)
    parser.add_argument("--steps", type=int, default=0, help="instead of the same time")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--train-only", action="store_true", help="leave weights, and judge them another time")
    parser.add_argument("--lessons", type=int, default=200, help="batches of 3 x 4 s that are made, once")
    parser.add_argument("--every", type=int, default=8, help="take each n-th training performance")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", action="append", metavar="NAME", help="a network by its name in the table; repeat it for several")
    parser.add_argument("--ablations", action="store_true", help="tecla's own without parts of it, instead of the zoo")
    parser.add_argument("--features", choices=FEATURES, default="log-frequency")
    parser.add_argument("--targets", choices=("sub-frame", "soft", "grid"), default="sub-frame")
    parser.add_argument("--loss", choices=("weighted", "plain", "pos_weight", "focal", "dice"), default="weighted")
    parser.add_argument("--ends", choices=ENDS, default="both")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--speed", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    return options


def main() -> None:
    options = set_up(__doc__)
    picture = FEATURES[options.features]()
    zoo = [OWN, *KEYED, *ANY_PICTURE, "NMF"]
    names = options.only or (list(ABLATIONS) if options.ablations else zoo)
    if options.speed:
        time_all([*zoo, *list(ABLATIONS)[:2]], options, picture)
    elif not options.table:
        for name in names if options.train_only else ():
            trained(name, options, picture)
        for name in (name for name in names if not (options.train_only or (options.out / f"{by_file(name)}.json").exists())):
            result = run(name, options, picture)
            (options.out / f"{by_file(name)}.json").write_text(json.dumps(result), "utf-8")
            print(name, {group: round(float(np.mean(result[group]["onset"])), 3) for group in GROUPS if group in result}, flush=True)
    draw_curves(options.out)
    print(table(options.out))


if __name__ == "__main__":
    main()
