"""Every network of the zoo, trained for the same time on the same sound, and judged by the same rules.

    python benchmarks/zoo.py --out runs/zoo --pianos FOLDER --maestro FOLDER [--maps FOLDER] [--seconds 240] [--only crnn,hppnet]

Sound is rendered once from MAESTRO's training performances on sampled pianos, and every network learns from it for the same processor
time on one core (`--seconds`; processor time, so that a busy machine changes nothing). Judged on held-out renders (validation
performances, other rooms) and on the first half minute of real recordings: note F1 by mir_eval's rules against the performances, ends as
sounding. NMF learns its templates from one of the pianos.
Results are JSON files, so a run that was stopped goes on; --table prints what is there.
--targets and --loss try another way to draw targets or to weigh errors; --features another picture (for networks that take any).
"""

import argparse
import json
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tecla.corpora import load_corpus
from tecla.evaluation import notes, uncertainty
from tecla.io.audio import load_audio
from tecla.io.midi import load_midi
from tecla.models import features as pictures
from tecla.models.crnn import CRNN, CRNNConfig
from tecla.models.harmonic import HarmonicConfig, HarmonicNet
from tecla.models.hcqt_hppnet import HCQTNet
from tecla.models.hppnet import HPPNet
from tecla.models.keyed import N_ANSWERS, Keyed
from tecla.models.kong_regression import KongRegression
from tecla.models.nmf import load_templates, transcribe_by_nmf
from tecla.models.onsets_frames import OnsetsFrames
from tecla.models.se_unet import SEUNet
from tecla.models.transformer import Transformer, TransformerConfig
from tecla.models.unet import UNet, UNetConfig
from tecla.models.unet_bilstm import UNetBiLSTM, UNetBiLSTMConfig
from tecla.training import loop
from tecla.training.examples import ExampleConfig, Examples
from tecla.training.losses import transcription_loss
from tecla.training.material import Share
from tecla.training.transcriber import make_sound
from tecla.training.validation import Take, decode, recorded_takes, rendered_takes
from tecla.transcription.features import HOP_SAMPLES, MARGIN_SAMPLES
from tecla.transcription.network import Activations

WIDE: dict[str, Any] = {"n_outputs": N_ANSWERS, "stride": 1, "dropout": 0.1}
RULES = ("onset", "onset_offset", "onset_offset_velocity")
ANY_PICTURE: dict[str, Callable[[int, int], nn.Module]] = {
    "CRNN": lambda w, f: Keyed(CRNN(CRNNConfig(w, f, channels=16, embedding=128, memory=96, layers=1, **WIDE))),
    "Transformer": lambda w, f: Keyed(Transformer(TransformerConfig(w, f, channels=16, width=128, layers=2, **WIDE))),
    "U-Net": lambda w, f: Keyed(UNet(UNetConfig(w, f, embedding=192, **WIDE))),
    "U-Net + BiLSTM": lambda w, f: Keyed(UNetBiLSTM(UNetBiLSTMConfig(w, f, embedding=128, memory=96, **WIDE))),
    "SE-U-Net": lambda w, f: Keyed(SEUNet(UNetConfig(w, f, embedding=192, **WIDE))),
}
KEYED: dict[str, Callable[[], nn.Module]] = {
    "Onsets and Frames": OnsetsFrames,
    "Kong regression": KongRegression,
    "HPPNet": HPPNet,
    "residual HCQT-HPPNet": HCQTNet,
    "tecla (small)": lambda: HarmonicNet(HarmonicConfig(channels=24, blocks=2, memory=24, pedal_memory=24)),
}
ABLATIONS: dict[str, Callable[[], nn.Module]] = {
    "tecla (small), no harmonic mix": lambda: without_mix(HarmonicNet(HarmonicConfig(channels=24, blocks=2, memory=24, pedal_memory=24))),
    "tecla (small), no memory": lambda: without_memory(HarmonicNet(HarmonicConfig(channels=24, blocks=2, memory=24, pedal_memory=24))),
}
FEATURES: dict[str, Callable[[], Any]] = {
    "log-frequency": pictures.Spectrogram, "cqt": pictures.ConstantQ, "hcqt": pictures.HarmonicConstantQ, "mel": pictures.Mel,
}  # fmt: skip


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
    """Keys forget from frame to frame; what the convolutions see, 0.1 s, is all there is."""
    network.memory = Forgetful(network.memory)  # type: ignore[assignment]
    return network


@dataclass(frozen=True)
class Lesson:
    """A batch as every network gets it."""

    features: Tensor
    keys: Tensor
    pedals: Tensor


class Lessons(torch.utils.data.Dataset[Lesson]):
    """The same few lessons over and over, in an order that depends on the number alone."""

    def __init__(self, made: list[Lesson]) -> None:
        self.made = made

    def __getitem__(self, number: int) -> Lesson:
        epoch, place = divmod(number, len(self.made))
        return self.made[int(np.random.default_rng(epoch).permutation(len(self.made))[place])]


def make_material(options: argparse.Namespace) -> tuple[list[Lesson], dict[str, list[Take]], Any]:
    """Lessons, takes to judge by, and the picture that the networks look at."""
    maestro = load_corpus(f"maestro:{options.maestro}")
    config = ExampleConfig(options.seed, n_frames=300, rendered=4, recorded=0, style=options.targets)
    train = [load_midi(take.midi) for take in maestro.of_split("train").recordings[:: options.every]]
    held_out = [load_midi(take.midi) for take in maestro.of_split("validation").recordings[::11]]
    sound = make_sound(config, options.pianos, [], torch.device("cpu"))
    picture, examples, lessons = FEATURES[options.features](), Examples(config, train, []), []
    for number in range(options.lessons):
        batch = examples[number]
        with torch.no_grad():
            lessons.append(Lesson(picture(sound(batch)).half(), batch.keys, batch.pedals))
    takes = {"renders": rendered_takes(Share(held_out), sound, replace(config, seed=options.seed + 1, n_frames=500))}
    if options.maps:
        real = load_corpus(f"maps:{options.maps}").of_split("test").recordings
        sounds = [(load_audio(take.audio, 16000)[: 16000 * 60].clip(-1, 1) * 32767).astype(np.int16) for take in real if take.audio]
        takes["real"] = recorded_takes(Share(recorded=[load_midi(take.midi) for take in real], sounds=sounds))
    return lessons, takes, picture


def train(make: Callable[[], nn.Module], lessons: list[Lesson], options: argparse.Namespace) -> tuple[nn.Module, list[tuple[float, float]]]:
    """A network after `seconds` of processor time, and its curve (seconds, loss). The rate falls with the time that is left."""

    def loss(network: nn.Module, lesson: Lesson) -> tuple[Tensor, dict[str, Tensor]]:
        return transcription_loss(network(lesson.features.float()), lesson.keys.float(), lesson.pedals.float(), kind=options.loss)

    torch.manual_seed(options.seed)
    config = loop.LoopConfig(bfloat16=False, average=0.98)

    def made() -> nn.Module:
        network: Any = make()
        inner = getattr(network, "network", network)
        if hasattr(inner, "standardise"):
            inner.standardise.fit(torch.cat([lesson.features for lesson in lessons[:8]]))
        return network

    state, stream, curve = loop.new_state(made, config, torch.device("cpu")), Lessons(lessons), []
    began = time.process_time()
    while (spent := time.process_time() - began) < options.seconds:
        left = 1 - spent / options.seconds
        rate = 2e-3 * min((state.step + 1) / 20, 1.0, 2 * left)
        value, _ = loop.learn(state, stream[state.step], loss, rate, config, torch.device("cpu"))
        curve.append((round(spent, 2), float(value)))
    return state.average.eval(), curve


@torch.no_grad()
def hear(network: nn.Module, picture: nn.Module, take: Take) -> Any:
    heads = network(picture(take.samples[None]))
    return decode(Activations(torch.sigmoid(heads.keys[0]).numpy(), torch.sigmoid(heads.pedals[0]).numpy()))


def judge(listen: Callable[[Take], Any], takes: dict[str, list[Take]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    began, heard_sec = time.process_time(), 0.0
    for name, group in takes.items():
        metrics = [notes.evaluate(take.played, listen(take)) for take in group]
        heard_sec += sum(len(take.samples) for take in group) / 16000
        found[name] = {rule: vars(uncertainty.evaluate([getattr(m, rule).f1 for m in metrics])) for rule in RULES}
    return {**found, "times_real_time": heard_sec / (time.process_time() - began)}


def by_nmf(templates: NDArray[np.float64]) -> Callable[[Take], Any]:
    return lambda take: transcribe_by_nmf(take.samples.numpy()[MARGIN_SAMPLES : -MARGIN_SAMPLES + HOP_SAMPLES], templates)


def run(name: str, options: argparse.Namespace, lessons: list[Lesson], takes: dict[str, list[Take]], picture: Any) -> dict[str, Any]:
    if name == "NMF":
        bank = sorted(Path(options.pianos).glob("*/bank.json"))[0].parent
        return {"parameters": 88 * 396, "steps": 0, "curve": [], **judge(by_nmf(load_templates(bank)), takes)}
    make = (KEYED | ABLATIONS).get(name) or (lambda: ANY_PICTURE[name](picture.n_windows, picture.n_bins))
    network, curve = train(make, lessons, options)
    torch.save(network.state_dict(), options.out / f"{_file(name)}.pt")
    return {
        "parameters": sum(p.numel() for p in network.parameters()),
        "steps": len(curve),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "curve": curve,
        **judge(lambda take: hear(network, picture, take), takes),
    }


def table(folder: Path) -> str:
    results = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))]
    groups = [group for group in ("renders", "real") if any(group in result for result in results)]
    head = ["network", "parameters", "steps", "times real time", *(f"{group}: {rule}" for group in groups for rule in RULES)]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for result in sorted(results, key=lambda result: -result[groups[0]]["onset"]["mean"]):
        cells = [result["name"], f"{result['parameters']:,}", str(result["steps"]), f"{result['times_real_time']:.1f}"]
        cells += [_interval(result[group][rule]) for group in groups for rule in RULES]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _interval(interval: dict[str, float]) -> str:
    return f"{100 * interval['mean']:.1f} [{100 * interval['low']:.1f}, {100 * interval['high']:.1f}]"


def draw_curves(folder: Path) -> None:
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(9, 5), layout="constrained")
    for path in sorted(folder.glob("*.json")):
        result = json.loads(path.read_text("utf-8"))
        if result["curve"]:
            seconds, losses = np.array(result["curve"]).T
            window = max(1, len(losses) // 12)
            axes.plot(seconds[window - 1 :], np.convolve(losses, np.full(window, 1 / window), "valid"), label=result["name"])
    axes.set(xlabel="processor seconds", ylabel="training loss (moving average)", yscale="log")
    axes.legend(fontsize=8)
    figure.savefig(folder / "curves.png", dpi=110)


def _file(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name.lower())


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("out", "pianos", "maestro", "maps"):
        parser.add_argument(f"--{name}", type=Path, required=name == "out")
    parser.add_argument("--seconds", type=float, default=240.0)
    parser.add_argument("--lessons", type=int, default=60, help="batches of 4 x 6 s that are rendered, once")
    parser.add_argument("--every", type=int, default=8, help="take each n-th training performance")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default=",".join([*ANY_PICTURE, *KEYED, "NMF"]))
    parser.add_argument("--features", choices=FEATURES, default="log-frequency")
    parser.add_argument("--targets", choices=("sub-frame", "soft", "grid"), default="sub-frame")
    parser.add_argument("--loss", choices=("weighted", "plain", "pos_weight", "focal", "dice"), default="weighted")
    parser.add_argument("--table", action="store_true")
    return parser.parse_args()


def main() -> None:
    options = parse()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    if not options.table:
        wanted = [name for name in options.only.split(",") if not (options.out / f"{_file(name)}.json").exists()]
        material = make_material(options) if wanted else None
        for name in wanted:
            result = {"name": name, "seconds": options.seconds, **run(name, options, *material)}
            (options.out / f"{_file(name)}.json").write_text(json.dumps(result), "utf-8")
            print(name, {group: round(result[group]["onset"]["mean"], 3) for group in ("renders", "real") if group in result}, flush=True)
    draw_curves(options.out)
    print(table(options.out))


if __name__ == "__main__":
    main()
