"""One training run and its folder: begun, watched, stopped, resumed.

RUN/run.json            what was asked for; a resumed run asks for the same
RUN/sources.json        what it learned from, and under which licences
RUN/checkpoint/         network, average, optimizer, progress: enough to go on as if nothing had happened
RUN/best.safetensors    the averaged network that heard the validation best, and what it reached
RUN/loss.png, log.jsonl, events/
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from tecla.errors import InputError, OptionError, OutputError
from tecla.io.target import write_whole
from tecla.models.harmonic import HarmonicConfig
from tecla.training import loop
from tecla.training.asked import check_bounds, load_asked
from tecla.training.examples import ExampleConfig, Examples
from tecla.training.home_piano import write_home_piano
from tecla.training.journal import Journal, Numbers
from tecla.training.loop import LoopConfig, Loss, State
from tecla.training.material import Material, load_material
from tecla.training.networks import OWN, standardise, validate
from tecla.training.pretrained import load_pretrained
from tecla.training.sound import Sound
from tecla.training.stored import save_stored
from tecla.training.team import Team
from tecla.training.transcriber import first_features, make_loss, make_network, make_sound
from tecla.training.validation import Validation
from tecla.transcription.network import find_weights

INIT: Final = "init.onnx"  # the weights that a run began with
INIT_CARD: Final = "init.json"
TEACHER: Final = "teacher.onnx"  # the weights that tell a run what they hear
TEACHER_CARD: Final = "teacher.json"
SOURCES: Final = "sources.json"  # written once all of them are read
SIZES: Final = {
    "small": HarmonicConfig(channels=24, blocks=4, memory=24, memory_stride=2, pedal_memory=24),
    "full": HarmonicConfig(),
}
_TRIAL_STEPS: Final = 4


@dataclass(frozen=True)
class RunOptions:
    """What a run is asked for. Exactly one of `minutes` and `steps` is given; minutes become steps on the machine it begins on."""

    corpora: tuple[str, ...] = ()
    pianos: str | None = None  # a folder of banks; None: the piano that comes with tecla
    init: str | None = None  # weights to begin with: "pretrained" for the shipped ones, a shipped model's name, or an .onnx file
    teacher: str | None = None  # weights whose hearing is half of what is wanted, named like `init`
    network: str = OWN
    size: str = "full"  # of tecla's own network
    minutes: float | None = None
    steps: int | None = None
    batch: int = 32
    n_frames: int = 500
    peak_rate: float = 2e-3
    seed: int = 0
    patience: int = 30  # validations without a better one, then it stops
    save_every: int = 500


def begin(folder: Path, options: RunOptions) -> None:
    """Makes a run's folder.

    Raises:
        OptionError: an option is out of bounds, or there are no such weights to begin with.
        OutputError: there is a run already, or the folder cannot be made.
    """
    _check(options)
    copies = [(_find(options.init), INIT, INIT_CARD), (_find(options.teacher), TEACHER, TEACHER_CARD)]
    if (folder / "run.json").exists() and (folder / SOURCES).exists():  # one whose corpora were refused may be begun anew
        raise OutputError(f"{folder} holds a run already: go on with --resume {folder}, or name another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for weights, copy, card in copies:  # what ships may change before the run is resumed
            if weights is not None:
                shutil.copy(weights, folder / copy)
                write_json(folder / card, _card(weights))
        write_json(folder / "run.json", asdict(options))
    except OSError as error:
        raise OutputError(f"{folder} cannot be made ({error.strerror}): name another folder") from error


def _find(weights: str | None) -> Path | None:
    return find_weights("default" if weights == "pretrained" else weights) if weights else None


def network_of(folder: Path, options: RunOptions) -> Callable[[], nn.Module]:
    """A maker of a run's network: its weights to begin with, or none."""
    if options.init is None:
        return make_network(options.network, SIZES[options.size] if options.network == OWN else None)
    return lambda: load_pretrained(folder / INIT).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def load_options(folder: Path) -> RunOptions:
    """What a run was asked for.

    Raises:
        InputError: the folder holds no run, or one that cannot be.
    """
    options = load_asked(folder, RunOptions)
    if options.size not in SIZES:
        raise InputError(f"{folder} cannot be gone on with (run.json: size is {options.size!r}): name a folder that tecla train wrote")
    return options


def load_sources(folder: Path) -> dict[str, str]:
    """What a run learned from, by title, and its licences.

    Raises:
        InputError: the folder holds no run that has begun to train.
    """
    try:
        sources = json.loads((folder / SOURCES).read_text("utf-8"))
        if not (isinstance(sources, dict) and all(isinstance(licence, str) for licence in sources.values())):
            raise ValueError("no titles with licences")
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{folder} does not say what it learned from (sources.json: {error}): train it first") from error
    return sources


def choose_device(name: str | None) -> torch.device:
    """The device of a name, "cpu" or "cuda"; without one, the GPU if there is one.

    Raises:
        OptionError: another name, or a GPU that is not there.
    """
    if name not in (None, "cpu", "cuda"):
        raise OptionError(f"device is {name!r}: must be cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise OptionError("device is 'cuda', but torch finds no GPU here: use cpu, or install torch's CUDA build")
    return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))


def go_on(
    folder: Path,
    team: Team,
    on_read: Callable[[int, int], None] = lambda done, total: None,
    on_report: Callable[[Numbers, int], None] = lambda numbers, steps: None,
    workers: int = 0,
) -> State:
    """Trains a run from its last checkpoint, or from its beginning, to its end.

    Args:
        on_read: called with the corpus files read so far and their number.
        on_report: called with the numbers of a step and the run's number of steps.

    Raises:
        TeclaError: a corpus cannot be read, or the loss is no longer a number.
    """
    device, options = team.device, load_options(folder)
    material = load_material(options.corpora, on_read)
    config, sound = _sound(folder, options, material, team)
    share = material.train
    examples = Examples(config, share.performances or share.recorded, share.recorded)  # recorded music is worth hearing on other pianos too
    loss = make_loss(sound, device, load_pretrained(folder / TEACHER) if options.teacher else None)
    if team.leads:
        inherited = load_card(folder / INIT_CARD).get("data", {}) | load_card(folder / TEACHER_CARD).get("data", {})
        write_json(folder / SOURCES, inherited | material.licences | piano_licences(options.pianos))
        options = _with_steps(folder, options, examples, loss, device, workers)
    options = team.agree(options)
    schedule = _schedule(options, workers)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)
        state = loop.new_state(network_of(folder, options), schedule, device)
    if (folder / "checkpoint").exists():
        loop.load_checkpoint(state, folder / "checkpoint")
    else:
        _prepare(state, first_features(examples, sound, device) if options.network != OWN else None)
    batches, loss = team.share(examples), team.together(loss, state.network)
    if not team.leads:
        return loop.train(state, batches, loss, schedule, lambda *_: None, partial(_wait_for_judgement, team))
    judge = Validation(material.validation, sound, config)
    with Journal(folder, state.history) as journal:

        def report(_: State, numbers: Numbers) -> None:
            journal.write(numbers)
            on_report(numbers, schedule.steps)

        def save(state: State) -> None:
            numbers = {"step": state.step, **judge(state.average)}
            report(state, numbers)
            _keep_best(folder, state, numbers, options.patience)
            loop.save_checkpoint(state, folder / "checkpoint")
            journal.draw()
            team.agree(state.finished)

        return loop.train(state, batches, loss, schedule, report, save)


def _wait_for_judgement(team: Team, state: State) -> None:
    state.finished = team.agree(None)


def _prepare(state: State, features: Tensor | None) -> None:
    """Networks of others look at features of mean 0 and deviation 1; tecla's own takes them as they are."""
    if features is not None:
        for network in (state.network, state.average):
            standardise(network, features)


def _check(options: RunOptions) -> None:
    validate(options.network)
    if options.init and options.network != OWN:
        raise OptionError(f"network is {options.network!r}, but trained weights are those of tecla's own: leave --network or --init away")
    if options.teacher and options.network != OWN:
        raise OptionError(f"network is {options.network!r}, but a teacher hears what tecla's own does: leave --network or --teacher away")
    if options.size not in SIZES:
        raise OptionError(f"size is {options.size!r}: must be {' or '.join(SIZES)}")
    if (options.minutes is None) == (options.steps is None):
        raise OptionError("give either minutes or steps")
    check_bounds(options)


def _sound(folder: Path, options: RunOptions, material: Material, team: Team) -> tuple[ExampleConfig, Sound]:
    """What a batch is made of, and what makes it sound: a third recordings if there are any, two thirds where weights learn a piano."""
    share = material.train
    pianos = Path(options.pianos).expanduser() if options.pianos else folder / "pianos"
    if team.leads and not options.pianos:
        write_home_piano(pianos)
    team.agree(None)
    own_piano = options.init is not None and options.teacher is None
    recorded = options.batch * (2 if own_piano else 1) // 3 if share.recorded else 0
    config = ExampleConfig(options.seed, options.n_frames, rendered=options.batch - recorded, recorded=recorded)
    return config, make_sound(config, pianos, share.sounds, team.device)


def _schedule(options: RunOptions, workers: int) -> LoopConfig:
    steps = options.steps or _TRIAL_STEPS
    return LoopConfig(
        steps=steps,
        warm_up=min(300, steps // 10),
        decay=max(1, steps // 3),
        peak_rate=options.peak_rate,
        average=min(LoopConfig.average, max(0.0, 1 - 5 / steps)),  # over no more than the fall of the rate
        save_every=options.save_every,
        report_every=max(1, min(50, steps // 20)),
        workers=workers,
    )


def _with_steps(folder: Path, options: RunOptions, examples: Dataset[Any], loss: Loss, device: torch.device, workers: int) -> RunOptions:
    """Turns minutes into steps by taking a few, once: the schedule of a run must not depend on when it was stopped."""
    if options.steps is not None or options.minutes is None:
        return options
    times: list[float] = []
    config = replace(_schedule(options, workers), report_every=1, save_every=_TRIAL_STEPS + 1)
    trial = loop.new_state(network_of(folder, options), config, device)
    loop.train(trial, examples, loss, config, lambda *_: times.append(time.perf_counter()), lambda _: None)
    step_sec = (times[-1] - times[0]) / (len(times) - 1)  # the first one also warms up
    options = replace(options, steps=max(20, int(options.minutes * 60 / step_sec)))
    write_json(folder / "run.json", asdict(options))
    return options


def _keep_best(folder: Path, state: State, numbers: Numbers, patience: int) -> None:
    """Keeps the average that heard the validation best, and ends a run that has long not become better."""
    if numbers["onset_f1"] > state.best:
        state.best = numbers["onset_f1"]
        save_stored({"network": state.average.state_dict(), "metrics": numbers}, folder / "best.safetensors")
    judged = [row["onset_f1"] for row in state.history if "onset_f1" in row]
    state.finished = len(judged) - 1 - judged.index(max(judged)) >= patience


def _card(weights: Path) -> dict[str, Any]:
    """The card beside weights; where there is none, nobody knows what they learned from."""
    try:
        card: dict[str, Any] = json.loads(weights.with_suffix(".json").read_text("utf-8"))
    except (OSError, ValueError):
        return {"data": {weights.name: "not stated"}}
    return card


def load_card(path: Path) -> dict[str, Any]:
    """The card of weights that a run began with, or learned from; empty where there are none."""
    try:
        card = json.loads(path.read_text("utf-8")) if path.exists() else {}
        if not (isinstance(card, dict) and isinstance(card.get("data", {}), dict)):
            raise ValueError("no card")
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is damaged ({error}): begin the run anew") from error
    return card


def piano_licences(folder: str | None) -> dict[str, str]:
    """Licences of the sampled pianos that a run renders with."""
    if folder is None:
        return {"Salamander Grand Piano V3": "CC-BY-3.0"}
    banks = [(path.parent.name, json.loads(path.read_text("utf-8"))) for path in sorted(Path(folder).expanduser().glob("*/bank.json"))]
    return {bank.get("attribution", name): bank.get("licence", "not stated") for name, bank in banks}


def write_json(path: Path, content: object) -> None:
    """Writes JSON, whole or not at all."""
    write_whole(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
