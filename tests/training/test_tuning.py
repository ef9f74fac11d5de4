"""A study is resumed, shared and drawn; without its data it is not begun."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tecla.errors import InputError, OptionError, TeclaError
from tecla.io.midi import save_midi
from tecla.models.harmonic import HarmonicConfig, HarmonicNet
from tecla.music import Performance
from tecla.training import acoustics, tuning, validation, voice_validation
from tecla.training.tuning import open_study, tune
from tecla.training.tuning_pictures import draw_study
from tecla.training.tuning_recipes import RECIPES, Recipe, TuneOptions


@pytest.fixture
def options(banks_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TuneOptions:
    """A search among tiny networks."""
    tiny = Recipe(
        lambda **sizes: HarmonicNet(HarmonicConfig(blocks=1, mix_channels=1, memory=2, pedal_memory=2, **sizes)), {"channels": (2, 4)}
    )
    monkeypatch.setattr(tuning, "RECIPES", {"tiny": tiny})
    monkeypatch.setattr(validation, "MOST_TAKES", 1)
    for length in ("_RESONANCE_SAMPLES", "_ROOM_SAMPLES"):
        monkeypatch.setattr(acoustics, length, 1600)
    return TuneOptions("tiny", 2, str(tmp_path / "study" / "tiny.journal"), pianos=str(banks_folder), steps=2, batch=1, n_frames=20)


@pytest.mark.parametrize("storage", ["tiny.journal", "tiny.db"])
def test_a_study_goes_on_where_it_stopped(options: TuneOptions, tmp_path: Path, storage: str) -> None:
    options = replace(options, storage=str(tmp_path / storage))
    told: list[int] = []
    tune(options, lambda number, value: told.append(number))
    study = tune(replace(options, trials=1), lambda number, value: told.append(number))
    assert told == [0, 1, 2]
    assert len(study.trials) == len(open_study(options.storage, "tiny").trials) == 3
    assert all(set(trial.params) == {"channels", "rate", "weight_decay"} for trial in study.trials)
    assert all(0 <= (trial.value or 0.0) <= 1 for trial in study.trials)


@pytest.mark.parametrize("kind", ["missing", "empty", "broken", "no notes"])
def test_a_broken_corpus_stops_the_search_before_its_first_trial(options: TuneOptions, tmp_path: Path, kind: str) -> None:
    """The seed's search ran on random data, because a failed load fell back to it."""
    folder = tmp_path / "corpus" / "midi"
    if kind != "missing":
        folder.mkdir(parents=True)
    if kind == "broken":
        for pianist in ("001", "002", "003"):
            (folder / f"Bach_BWV849-0{pianist[2]}_{pianist}_20090916-SMD.mid").write_bytes(b"not MIDI")
    if kind == "no notes":
        for work in range(30):
            save_midi(Performance(), folder / f"Bach_BWV8{work:02}_001_20090916-SMD.mid")
    with pytest.raises(InputError):
        tune(replace(options, corpora=(f"smd:{tmp_path / 'corpus'}",)))
    assert not Path(options.storage).exists()


@pytest.fixture
def sung(tmp_path: Path) -> str:
    """Six clips of one even tone."""
    folder = tmp_path / "clips"
    folder.mkdir()
    for number in range(1, 7):
        tone = 0.2 * np.sin(2 * np.pi * 130.8 * np.arange(64000) / 16000) * (np.arange(64000) > 16000)
        soundfile.write(folder / f"voice_00{number}.wav", tone, 16000)
        save_midi(Performance.from_arrays([1.0], [5.0], [60], [80]), folder / f"voice_00{number}.mid")
    split = {"train": [f"00{n}" for n in range(1, 6)], "val": ["006"]}
    (folder / "split.json").write_text(json.dumps(split), "utf-8")
    return f"voice:{folder}"


@pytest.mark.parametrize(("recipe", "size"), [("voice-unet", ("embedding", (2, 4))), ("voice", ("whole", (2, 4)))])
def test_a_single_line_is_tuned_as_a_piano_is(
    options: TuneOptions, sung: str, monkeypatch: pytest.MonkeyPatch, recipe: str, size: tuple[str, tuple[int, int]]
) -> None:
    monkeypatch.setattr(tuning, "RECIPES", {recipe: replace(RECIPES[recipe], sizes=dict([size]))})
    monkeypatch.setattr(voice_validation, "LINES", 1)
    study = tune(replace(options, recipe=recipe, corpora=(sung,), batch=2, trials=1))
    assert 0 <= (study.trials[0].value or 0.0) <= 1
    assert size[0] in study.trials[0].params


def test_the_three_notes_are_not_tuned_without_their_corpus(options: TuneOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "RECIPES", RECIPES)
    with pytest.raises(OptionError, match="--corpus voice:FOLDER"):
        tune(replace(options, recipe="voice-crnn"))
    save_midi(Performance.from_arrays([0.0], [1.0], [60], [80]), tmp_path / "Bach_BWV849-01_001_20090916-SMD.mid")
    with pytest.raises(InputError, match="0 sung clips"):
        tune(replace(options, recipe="voice-crnn", corpora=(f"smd:{tmp_path}",)))
    assert not Path(options.storage).exists()


def test_pictures_are_drawn(options: TuneOptions, tmp_path: Path) -> None:
    import optuna

    study = optuna.create_study(study_name="tiny", direction="maximize")
    distributions = {
        "rate": optuna.distributions.FloatDistribution(1e-4, 1e-2, log=True),
        "memory": optuna.distributions.IntDistribution(1, 9),
    }
    for number in range(12):
        params = {"rate": 1e-4 * 1.4**number, "memory": 1 + number % 9}
        value = 0.1 * (number % 9)
        study.add_trial(
            optuna.trial.create_trial(params=params, distributions=distributions, value=value, intermediate_values={1: value / 2, 2: value})
        )
    names = [path.name for path in draw_study(study, tmp_path / "pictures")]
    assert names == ["history.png", "slices.png", "importance.png"]
    assert all((tmp_path / "pictures" / name).read_bytes().startswith(b"\x89PNG") for name in names)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_every_recipe_makes_a_network_at_both_ends(name: str) -> None:
    recipe = RECIPES[name]
    small, large = (recipe.make(**{size: bounds[end] for size, bounds in recipe.sizes.items()}) for end in (0, 1))
    assert sum(p.numel() for p in small.parameters()) < sum(p.numel() for p in large.parameters())


@pytest.mark.parametrize(("change", "message"), [({"recipe": "lstm"}, "no recipe 'lstm'"), ({"trials": 0}, "trials is 0")])
def test_options_out_of_bounds_are_named(options: TuneOptions, change: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        tune(replace(options, **change))  # type: ignore[arg-type]
    assert issubclass(OptionError, TeclaError)
