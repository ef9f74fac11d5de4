"""Continuous decoder: piano events with a true density for time, never a mean square.

The seed's decoder was trained with MSE and predicted silence or negative shifts: the mean of many possible futures is none of
them. Here each event is drawn field by field, so that the joint likelihood is exact:
    shift     a point mass at zero and a mixture of log-logistics on positive seconds
    what      categorical: 88 keys, pedal down, pedal up, END
    velocity  categorical 1..127
    duration  a mixture of log-logistics on positive seconds
The log-logistic's distribution function is a sigmoid of log t, so the probability of an interval of time is closed-form: training
maximises the mass within the clock's tick (a bare density would reward spikes on the recording's own ticks), and figures state
the mass of a 10 ms bin.

Conventions: B batch, L events, D width, K components, M radial features.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tecla.generation.models.music_transformer import Feedforward, initialise
from tecla.generation.models.timed_attention import FADES_SEC, N_KEYS, KeyLogits, KeyMemory, Rotation, TimedBlock

N_WHAT = 91
N_VELOCITIES = 128
# Events so far (B,), seconds so far (B,), how lately each key was struck (B, C, 88), every block's keys and values.
EventState = tuple[Tensor, Tensor, Tensor, list[tuple[Tensor, Tensor]]]
SHORTEST_SEC = 0.0005  # shifts below half a clock tick are the point mass at zero


@dataclass(frozen=True)
class ContinuousDecoderConfig:
    """Sizes of the network."""

    width: int = 192
    heads: int = 4
    layers: int = 6
    components: int = 8
    features: int = 32
    dropout: float = 0.0


def log_cdf_mass(params: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Log probability of the interval [low, high] of seconds under a mixture of log-logistics.

    sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - e^(b - a)): no difference of nearly equal numbers.

    Shape: params (..., 3 K) weights, centres (log s), log scales; low >= 0 and high (...) -> (...)
    """
    weight, centre, scale = params.float().chunk(3, -1)
    spread = scale.clamp(-5.0, 3.0).exp()
    b = (low.clamp(min=1e-9).log()[..., None] - centre) / spread
    a = (high.log()[..., None] - centre) / spread
    inside = functional.logsigmoid(a) + functional.logsigmoid(-b) + torch.log(-torch.expm1((b - a).clamp(max=-1e-6)))
    return torch.logsumexp(weight.log_softmax(-1) + inside, -1)


class ContinuousDecoder(nn.Module):
    """Events in, the parameters of the next event's distribution out."""

    def __init__(self, config: ContinuousDecoderConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.register_buffer("centres", torch.linspace(math.log(0.001), math.log(10.0), config.features))
        self.what = nn.Embedding(N_WHAT, width)
        self.velocity = nn.Embedding(N_VELOCITIES, width)
        self.shift = nn.Linear(config.features + 1, width)
        self.duration = nn.Linear(config.features + 1, width)
        self.lately = nn.Linear(len(FADES_SEC) * N_KEYS, width)
        self.memory = KeyMemory()
        self.rotation = Rotation(width // config.heads)
        self.blocks = nn.ModuleList(TimedBlock(width, config.heads, config.dropout) for _ in range(config.layers))
        self.shift_seen = nn.Linear(config.features + 1, width)
        self.what_seen = nn.Embedding(N_WHAT, width)
        self.velocity_seen = nn.Embedding(N_VELOCITIES, width)
        self.feeds = nn.ModuleList(Feedforward(width, 2, config.dropout) for _ in range(4))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(4))
        sizes = (1 + 3 * config.components, N_WHAT, N_VELOCITIES, 3 * config.components)
        self.heads = nn.ModuleList(nn.Linear(width, size) for size in sizes)
        self.apply(initialise)
        self.near = KeyLogits(width)
        for head in (self.heads[0], self.heads[3]):  # components start spread over 3 ms to 3 s
            assert isinstance(head, nn.Linear)
            head.bias.data[-2 * config.components : -config.components] = torch.linspace(-6.0, 1.0, config.components)

    def forward(self, previous: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Distribution parameters of each target event's fields, each given the fields before it.

        Shape: previous, target (B, L, 4) float: shift s, what, velocity, duration s
            -> (B, L, 1 + 3 K), (B, L, 91), (B, L, 128), (B, L, 3 K)
        """
        clock = previous[..., 0].cumsum(1)
        counts = self.memory.whole(previous[..., 1].long(), clock)
        x, angles = self._embedded(previous, previous.new_zeros(len(previous)), clock, counts)
        for block in self.blocks:
            x = block(x, angles)
        hidden = torch.cat([x, counts.flatten(2)], -1)
        shift, what, velocity = target[..., 0], target[..., 1].long(), target[..., 2].long()
        return (
            self.shift_params(hidden),
            self.what_logits(hidden, shift),
            self.velocity_logits(hidden, shift, what),
            self.duration_params(hidden, shift, what, velocity),
        )

    def step(self, previous: Tensor, state: EventState) -> tuple[Tensor, EventState]:
        """The trunk for L new events after earlier ones: hidden (B, L, D + 88 C) for the four heads, and the state after them."""
        index, time_sec, counts, past = state
        clock = time_sec[:, None] + previous[..., 0].cumsum(1)
        every = self.memory(previous[..., 1].long(), clock, counts, time_sec)
        x, angles = self._embedded(previous, index, clock, every)
        grown = []
        for block, (k, v) in zip(self.blocks, past, strict=True):
            x, k, v = block.cached(x, angles, k, v)  # type: ignore[operator]
            grown.append((k, v))
        hidden = torch.cat([x, every.flatten(2)], -1)
        return hidden, (index + previous.shape[1], clock[:, -1], every[:, -1], grown)

    def empty_state(self, batch: int) -> EventState:
        """The state before a piece."""
        config = self.config
        blank, begin = torch.zeros(batch, config.heads, 0, config.width // config.heads), torch.zeros(batch)
        return begin, begin, torch.zeros(batch, len(FADES_SEC), N_KEYS), [(blank, blank)] * config.layers

    def _embedded(self, events: Tensor, index: Tensor, clock: Tensor, counts: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        time = self.shift(self.radial(events[..., 0])) + self.duration(self.radial(events[..., 3]))
        x = time + self.what(events[..., 1].long()) + self.velocity(events[..., 2].long()) + self.lately(torch.log1p(counts).flatten(2))
        return x, self.rotation.angles(index[:, None] + torch.arange(events.shape[1], device=events.device), clock)

    def radial(self, seconds: Tensor) -> Tensor:
        """Bumps along log time, and whether there is any: (...) -> (..., M + 1)."""
        centres = self.get_buffer("centres")
        gap = centres[1] - centres[0]
        log = seconds.clamp(1e-4, 30.0).log()[..., None]
        bumps = torch.exp(-0.5 * ((log - centres) / gap) ** 2)
        return torch.cat([bumps, (seconds < SHORTEST_SEC).to(bumps.dtype)[..., None]], -1)

    def shift_params(self, hidden: Tensor) -> Tensor:
        """Logit of the point mass, then the mixture: (B, L, D + 88 C) -> (B, L, 1 + 3 K)."""
        return self._head(0, hidden, 0.0)

    def what_logits(self, hidden: Tensor, shift: Tensor) -> Tensor:
        """(B, L, D + 88 C), shift (B, L) -> (B, L, 91)."""
        z = self._thought(1, hidden, self.shift_seen(self.radial(shift)))
        counts = hidden[..., self.config.width :].unflatten(-1, (len(FADES_SEC), N_KEYS))
        by_interval = self.near(z, self.memory.after(counts, shift))
        logits: Tensor = self.heads[1](z) + functional.pad(by_interval, (0, N_WHAT - N_KEYS))
        return logits

    def velocity_logits(self, hidden: Tensor, shift: Tensor, what: Tensor) -> Tensor:
        """(B, L, D + 88 C), shift and what (B, L) -> (B, L, 128)."""
        return self._head(2, hidden, self.shift_seen(self.radial(shift)) + self.what_seen(what))

    def duration_params(self, hidden: Tensor, shift: Tensor, what: Tensor, velocity: Tensor) -> Tensor:
        """(B, L, D + 88 C), shift, what and velocity (B, L) -> (B, L, 3 K)."""
        seen = self.shift_seen(self.radial(shift)) + self.what_seen(what) + self.velocity_seen(velocity)
        return self._head(3, hidden, seen)

    def _head(self, index: int, hidden: Tensor, seen: Tensor | float) -> Tensor:
        params: Tensor = self.heads[index](self._thought(index, hidden, seen))
        return params

    def _thought(self, index: int, hidden: Tensor, seen: Tensor | float) -> Tensor:
        z = hidden[..., : self.config.width] + seen
        thought: Tensor = self.norms[index](z + self.feeds[index](z))
        return thought


def log_shift_mass(params: Tensor, shift: Tensor, bin_sec: float) -> Tensor:
    """Log probability of the bin of width `bin_sec` that holds each shift; bin 0 reaches from 0 to half a bin and holds the point mass."""
    low, high = _bin(shift, bin_sec)
    at_zero, after = functional.logsigmoid(params[..., 0].float()), functional.logsigmoid(-params[..., 0].float())
    positive = after + log_cdf_mass(params[..., 1:], low, high)
    return torch.where(low <= 0, torch.logaddexp(at_zero, positive), positive)


def log_duration_mass(params: Tensor, duration: Tensor, bin_sec: float) -> Tensor:
    """Log probability of the bin of width `bin_sec` that holds each duration."""
    return log_cdf_mass(params, *_bin(duration, bin_sec))


def event_nats(model: ContinuousDecoder, previous: Tensor, target: Tensor, bin_sec: float = 0.002) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Nats of each field of each target; velocity and duration cost nothing where the event is no note. Four times (B, L)."""
    shift_params, what_logits, velocity_logits, duration_params = model(previous, target)
    shift, what, velocity, duration = target[..., 0], target[..., 1].long(), target[..., 2].long(), target[..., 3]
    is_note = what < N_KEYS
    return (
        -log_shift_mass(shift_params, shift, bin_sec),
        -what_logits.float().log_softmax(-1).gather(-1, what[..., None])[..., 0],
        -velocity_logits.float().log_softmax(-1).gather(-1, velocity[..., None])[..., 0] * is_note,
        -log_duration_mass(duration_params, duration.clamp(min=0.001), bin_sec) * is_note,
    )


def _bin(seconds: Tensor, width: float) -> tuple[Tensor, Tensor]:
    index = torch.round(seconds / width)
    return ((index - 0.5) * width).clamp(min=0.0), (index + 0.5) * width
