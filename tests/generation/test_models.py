"""Networks: the skew is the naive form, nothing leaks from the future, caches are exact, densities are densities."""

import math

import numpy as np
import pytest
import torch

from tecla.generation import mixture
from tecla.generation.models.continuous_decoder import ContinuousDecoder, ContinuousDecoderConfig, event_nats, log_cdf_mass, log_shift_mass
from tecla.generation.models.gpt import Gpt, GptConfig
from tecla.generation.models.lstm import Lstm, LstmConfig
from tecla.generation.models.music_transformer import MusicTransformer, MusicTransformerConfig, RelativeAttention, run_lengths, skewed
from tecla.generation.models.timed_attention import FADES_SEC, KeyLogits, KeyMemory, Rotation, TimedBlock

TRANSFORMER = MusicTransformerConfig(vocabulary=11, slots=4, width=32, heads=4, layers=2, reach=6, phases=4, runs=True, first_pitch=2)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)


def spread(module: torch.nn.Module) -> torch.nn.Module:
    """Weights large enough that every path matters; deterministic."""
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return module.eval()


def test_skewing_is_the_naive_form() -> None:
    batch, heads, length, size = 2, 3, 7, 5
    q, distances = torch.randn(batch, heads, length, size), torch.randn(heads, length, size)
    columns = torch.arange(length - 1, -1, -1)
    fast = skewed(q @ distances[:, columns].transpose(1, 2))
    naive = torch.zeros(batch, heads, length, length)
    for i in range(length):
        for j in range(i + 1):
            naive[:, :, i, j] = (q[:, :, i] * distances[:, i - j]).sum(-1)
    keep = torch.ones(length, length, dtype=torch.bool).tril()
    assert torch.allclose(fast[..., keep], naive[..., keep], atol=1e-6)


def test_distances_beyond_reach_share_the_last_embedding() -> None:
    attention = spread(RelativeAttention(TRANSFORMER))
    x = torch.randn(1, 12, 32)
    none = torch.zeros(1, 4, 0, 8)
    assert torch.allclose(attention(x), attention.cached(x, none, none)[0], atol=1e-5)


def logits_of(kind: str) -> tuple[torch.nn.Module, int]:
    return {
        "transformer": (MusicTransformer(TRANSFORMER), 4),
        "lstm": (Lstm(LstmConfig(11, width=16, layers=2, embedding=8)), 1),
        "lstm that looks back": (Lstm(LstmConfig(11, width=16, layers=3, embedding=8, look_back=True)), 1),
        "gpt": (Gpt(GptConfig(11, width=32, heads=4, layers=2, context=16)), 1),
    }[kind]


@pytest.mark.parametrize("kind", ["transformer", "lstm", "lstm that looks back", "gpt"])
def test_nothing_leaks_from_the_future(kind: str) -> None:
    model, slots = logits_of(kind)
    spread(model)
    ids = torch.randint(0, 11, (1, 11, slots))
    other = ids.clone()
    other[:, 7] = (other[:, 7] + 1) % 11
    start = torch.zeros(1, dtype=torch.long)
    first, second = (model(rows[:, :-1], rows[:, 1:], start) for rows in (ids, other))
    # Row 6 of the logits judges row 7 of the ids: its first slot must not know it; later slots of it may.
    assert torch.allclose(first[:, :6], second[:, :6], atol=1e-6)
    assert torch.allclose(first[:, 6, 0], second[:, 6, 0], atol=1e-6)
    assert not torch.allclose(first[:, 7], second[:, 7])


def test_a_slot_sees_the_slots_before_it_and_not_itself() -> None:
    model = spread(MusicTransformer(TRANSFORMER))
    hidden, row = torch.cat([torch.randn(1, 1, 32), torch.tensor([[[5.0, 4, 3, 2]]])], 2), torch.tensor([[[1, 2, 3, 4]]])
    changed = torch.tensor([[[1, 2, 5, 4]]])
    first, second = model.decide(hidden, row), model.decide(hidden, changed)
    assert torch.allclose(first[0, 0, :3], second[0, 0, :3], atol=1e-6)
    assert not torch.allclose(first[0, 0, 3], second[0, 0, 3])


def test_intervals_move_with_the_music() -> None:
    model = spread(MusicTransformer(TRANSFORMER))
    assert model.intervals is not None
    z, last, chosen = torch.randn(1, 1, 4, 32), torch.tensor([[[5, 4, 3, 2]]]), torch.tensor([[[6, 5, 4, 3]]])
    low, high = (model.intervals(z, last + up, chosen + up) for up in (0, 3))
    assert torch.allclose(low[..., 2:8], high[..., 5:11], atol=1e-5)  # three semitones up, the same logits three ids up
    assert not low[..., :2].any()  # END and silence are no pitches


def test_transformer_cache_is_exact() -> None:
    model = spread(MusicTransformer(TRANSFORMER))
    ids = torch.randint(0, 11, (1, 13, 4))
    previous, target = ids[:, :-1], ids[:, 1:]
    whole = model(previous, target, torch.tensor([3]))
    past = [(torch.zeros(1, 4, 0, 8), torch.zeros(1, 4, 0, 8))] * 2
    runs, pieces = run_lengths(previous), []
    for at, size in ((0, 5), (5, 1), (6, 1), (7, 5)):
        here = slice(at, at + size)
        hidden, past = model.step(previous[:, here], torch.tensor([3 + at]), runs[:, here], past)
        pieces.append(model.decide(hidden, target[:, here]))
    assert torch.allclose(torch.cat(pieces, 1), whole, atol=1e-5)


@pytest.mark.parametrize("look_back", [False, True])
def test_lstm_state_is_exact(look_back: bool) -> None:
    model = spread(Lstm(LstmConfig(11, width=16, layers=3, embedding=8, look_back=look_back)))
    ids = torch.randint(0, 11, (1, 9))
    whole, _ = model.step(ids, model.empty_state(1))
    state, steps = model.empty_state(1), []
    for at in range(9):
        logits, state = model.step(ids[:, at : at + 1], state)
        steps.append(logits)
    assert torch.allclose(torch.cat(steps, 1), whole, atol=1e-5)


def test_gpt_cache_is_exact() -> None:
    model = spread(Gpt(GptConfig(11, width=32, heads=4, layers=2, context=16)))
    ids = torch.randint(0, 11, (1, 9))
    whole, _ = model.step(ids, model.empty_past(1))
    past, steps = model.empty_past(1), []
    for at in range(9):
        logits, past = model.step(ids[:, at : at + 1], past)
        steps.append(logits)
    assert torch.allclose(torch.cat(steps, 1), whole, atol=1e-5)


def test_run_lengths_count_repeats_of_each_slot() -> None:
    ids = torch.tensor([[[1, 1], [1, 2], [1, 2], [3, 2]]])
    assert run_lengths(ids)[0].tolist() == [[0, 0], [1, 0], [2, 1], [0, 2]]


def test_interval_masses_of_a_mixture_sum_to_one() -> None:
    params = torch.randn(9, dtype=torch.float64)
    edges = torch.tensor([0.0, 1e-4, 0.01, 0.1, 1.0, 10.0, 1e30], dtype=torch.float64)
    mass = log_cdf_mass(params.expand(6, 9), edges[:-1], edges[1:]).exp()
    assert mass.sum().item() == pytest.approx(1.0, abs=1e-4)


def test_bins_of_shifts_sum_to_one_with_the_point_mass() -> None:
    params = torch.randn(10)
    shifts = torch.arange(0, 200_000) * 0.01
    mass = log_shift_mass(params.expand(len(shifts), 10), shifts, 0.01).exp().sum().item()
    assert mass == pytest.approx(1.0, abs=2e-2)  # what lies beyond 2000 s is missing


def test_numpy_and_torch_know_the_same_mixture() -> None:
    params, seconds = torch.randn(5, 9), torch.tensor([0.003, 0.02, 0.3, 1.1, 7.0])
    low, high = seconds * 0.9, seconds * 1.1
    expected = log_cdf_mass(params, low, high).numpy()
    assert mixture.log_interval_mass(params.numpy(), low.numpy(), high.numpy()) == pytest.approx(expected, abs=1e-4)


def test_draws_follow_the_mixture() -> None:
    params, rng = np.array([0.3, -0.2, np.log(0.1), np.log(0.8), -1.0, -2.0]), np.random.default_rng(0)
    drawn = np.array([mixture.draw(params, rng) for _ in range(4000)])
    for low, high in ((0.05, 0.1), (0.1, 0.5), (0.7, 0.9)):
        share = ((drawn >= low) & (drawn < high)).mean()
        assert share == pytest.approx(np.exp(mixture.log_interval_mass(params, np.array(low), np.array(high))), abs=0.03)


def events(length: int) -> torch.Tensor:
    rng = np.random.default_rng(1)
    what = rng.integers(0, 90, length)
    note = what < 88
    columns = [rng.exponential(0.2, length), what, rng.integers(1, 128, length) * note, rng.exponential(0.3, length) * note]
    return torch.tensor(np.stack(columns, 1), dtype=torch.float32)[None]


def test_continuous_decoder_leaks_nothing_and_its_cache_is_exact() -> None:
    model = spread(ContinuousDecoder(ContinuousDecoderConfig(width=32, heads=4, layers=2, components=3, features=8)))
    rows = events(10)
    other = rows.clone()
    other[:, 6, 3] += 0.5
    first, second = (model(x[:, :-1], x[:, 1:]) for x in (rows, other))
    for a, b in zip(first, second, strict=True):
        assert torch.allclose(a[:, :6], b[:, :6], atol=1e-6)  # row 5 judges event 6: no head sees its duration
    assert not torch.allclose(first[0][:, 6], second[0][:, 6])
    state, hidden = model.empty_state(1), []
    for at, size in ((0, 1), (1, 4), (5, 1), (6, 3)):
        step, state = model.step(rows[:, at : at + size], state)
        hidden.append(step)
    carried = torch.cat(hidden, 1)
    assert torch.allclose(model.shift_params(carried), first[0], atol=1e-4)
    assert torch.allclose(model.what_logits(carried, rows[:, 1:, 0]), first[1], atol=1e-4)


def test_what_was_struck_is_remembered_and_fades() -> None:
    what, time = torch.tensor([[40, 44, 88, 40]]), torch.tensor([[0.0, 0.0, 0.3, 1.2]])
    counts = KeyMemory().whole(what, time)
    fade = [math.exp(-1.2 / tau) for tau in FADES_SEC]
    assert counts[0, 3, :, 40].tolist() == pytest.approx([1 + share for share in fade])
    assert counts[0, 3, :, 44].tolist() == pytest.approx(fade)
    assert counts[0, 0, :, 44].tolist() == [0.0] * len(FADES_SEC)  # not struck yet
    assert counts[..., 45:].sum() == 0  # the pedal is no key


def test_a_long_crop_is_remembered_as_a_short_one() -> None:
    rng = np.random.default_rng(0)
    what, time = torch.tensor(rng.integers(0, 91, (2, 150))), torch.tensor(rng.exponential(0.1, (2, 150)).cumsum(1), dtype=torch.float32)
    memory = KeyMemory()
    at_once = memory(what, time, torch.zeros(2, len(FADES_SEC), 88), time[:, 0])
    assert torch.allclose(memory.whole(what, time), at_once, atol=1e-4)


def test_attention_by_rotation_hears_distances_only() -> None:
    block = spread(TimedBlock(16, 2, 0.0))
    rotation, x, index, time = Rotation(8), torch.randn(1, 7, 16), torch.arange(7)[None], torch.rand(1, 7).cumsum(1)
    here, later = (block(x, rotation.angles(index + by, time + 2.5 * by)) for by in (0, 3))
    assert torch.allclose(here, later, atol=1e-4)
    slower = block(x, rotation.angles(index, 1.1 * time))
    assert not torch.allclose(here, slower, atol=1e-3)


def test_keys_are_heard_by_their_intervals() -> None:
    near, z = spread(KeyLogits(16, filters=4)), torch.randn(1, 1, 16)
    counts = torch.zeros(1, 1, len(FADES_SEC), 88)
    counts[..., 40] = counts[..., 47] = 1.0
    assert torch.allclose(near(z, counts)[..., 20:68], near(z, counts.roll(3, -1))[..., 23:71], atol=1e-5)


def test_pedals_cost_no_velocity_and_no_duration() -> None:
    model = spread(ContinuousDecoder(ContinuousDecoderConfig(width=32, heads=4, layers=1, components=3, features=8)))
    rows = events(6)
    rows[:, 3] = torch.tensor([0.1, 88.0, 0.0, 0.0])
    _, what, velocity, duration = event_nats(model, rows[:, :-1], rows[:, 1:])
    assert velocity[0, 2] == duration[0, 2] == 0
    assert what[0, 2] > 0
    assert all(torch.isfinite(nats).all() for nats in (what, velocity, duration))
