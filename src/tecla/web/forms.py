"""The shapes of what is sent to the studio and of what it answers: they check what comes in, and make the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tecla.web.tasks import LONGEST_SEC, MOST_NOTES

Seconds = Annotated[float, Field(ge=0, le=2 * LONGEST_SEC, allow_inf_nan=False)]
Hand = Literal["left", "right"]


class Form(BaseModel):
    """What comes in: nothing unknown is passed over."""

    model_config = ConfigDict(extra="forbid")


class Note(Form):
    """A note: times in seconds, MIDI pitch."""

    onset_sec: Seconds
    offset_sec: Seconds
    pitch: Annotated[int, Field(ge=0, le=127)]
    velocity: Annotated[int, Field(ge=1, le=127)] = 64
    confidence: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 1.0
    hand: Hand | None = None

    @model_validator(mode="after")
    def _rises(self) -> Note:
        if self.offset_sec < self.onset_sec:
            raise ValueError("a note ends before it begins")
        return self


class PedalMove(Form):
    """A pedal's movement: controller 64 (sustain), 66 (sostenuto) or 67 (soft), and how far it is down."""

    time_sec: Seconds
    number: Literal[64, 66, 67]
    value: Annotated[int, Field(ge=0, le=127)]


class WishList(Form):
    """What the page is told rather than left to find out; null is found out."""

    title: Annotated[str, Field(max_length=200)] = ""
    composer: Annotated[str, Field(max_length=200)] = ""
    time: Annotated[str, Field(pattern=r"^([1-9]|[1-5][0-9]|6[0-4])/(1|2|4|8|16)$")] | None = None
    key_fifths: Annotated[int, Field(ge=-7, le=7)] | None = None
    transposed_to: Annotated[int, Field(ge=-7, le=7)] | None = None
    tempo_bpm: Annotated[float, Field(ge=10, le=400, allow_inf_nan=False)] | None = None
    tempo_octave: Annotated[int, Field(ge=-1, le=1)] = 0
    barline_shift_beats: Annotated[int, Field(ge=-16, le=16)] = 0
    level: Literal["faithful", "clean", "easy"] = "faithful"
    swing: bool = False
    repeats: bool = False


class Edited(Form):
    """Notes and pedals as they shall be."""

    notes: Annotated[list[Note], Field(max_length=MOST_NOTES)]
    pedals: Annotated[list[PedalMove], Field(max_length=4 * MOST_NOTES)] = Field(default_factory=list)
    wishes: WishList = WishList()


class NewVersion(Edited):
    """A correction of version `parent`."""

    parent: Annotated[int, Field(ge=1, le=2**31)]
    what: Annotated[str, Field(min_length=1, max_length=80)] = "edit"


class Continuation(Form):
    """What to go on from, and how."""

    from_sec: Seconds = 0.0
    to_sec: Annotated[float, Field(gt=0, le=2 * LONGEST_SEC, allow_inf_nan=False)]
    model: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")] = "performance"
    seconds: Annotated[float, Field(ge=1, le=300, allow_inf_nan=False)] = 30.0
    temperature: Annotated[float, Field(ge=0, le=3, allow_inf_nan=False)] = 1.0
    top_p: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 0.98
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0

    @model_validator(mode="after")
    def _rises(self) -> Continuation:
        if self.to_sec <= self.from_sec:
            raise ValueError("the stretch ends before it begins")
        return self


class Name(Form):
    """A take's new name."""

    name: Annotated[str, Field(min_length=1, max_length=200)]


class Token(Form):
    """The token that the studio printed when it started."""

    token: Annotated[str, Field(max_length=200)]


class Fault(BaseModel):
    """What went wrong: a code for programs, a line for people."""

    code: str
    message: str


class Refusal(BaseModel):
    """The body of every answer that is no success."""

    error: Fault


class Take(BaseModel):
    """A take in the library."""

    id: str
    name: str
    kind: Literal["sound", "notes", "score"]
    created: str
    duration_sec: float
    n_notes: int | None
    status: Literal["waiting", "working", "ready", "failed", "cancelled"]
    error: Fault | None
    latest_version: int | None
    has_sound: bool


class JobState(BaseModel):
    """A job in the queue."""

    id: str
    take: str
    kind: Literal["transcribe", "continue"]
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    progress: float
    message: str
    created: str
    ended: str | None
    error: Fault | None
    result: dict[str, Any] | None


class Added(BaseModel):
    """A new take, and the job that hears it (null where there was nothing to hear)."""

    take: Take
    job: JobState | None


class VersionState(BaseModel):
    """A version without its notes."""

    version: int
    parent: int | None
    what: str
    created: str
    n_notes: int
    new_from_sec: float | None


class Version(VersionState):
    """A version: `hand` of a note is null where it is inferred; beats are empty until the page was made (`beats_ready`)."""

    notes: list[Note]
    pedals: list[PedalMove]
    wishes: WishList
    duration_sec: float
    beats_ready: bool
    beats_sec: list[float]
    downbeats_sec: list[float]


class Moment(BaseModel):
    """When something in the page begins to sound: the elements, and the page they are on."""

    sec: float
    page: int
    ids: list[str]


class Page(BaseModel):
    """A version engraved: `notes` tells which note an element of the page is, `again` which ones it is when it is repeated."""

    pages: list[str]
    timemap: list[Moment]
    notes: dict[str, int]
    again: dict[str, list[int]]
    beats_sec: list[float]
    downbeats_sec: list[float]
    time: str
    key_fifths: int
    tempo_bpm: float | None
    n_bars: int


class Comparison(BaseModel):
    """Two versions side by side: `hits` are pairs of indices (reference, estimate)."""

    hits: list[tuple[int, int]]
    misses: list[int]
    inventions: list[int]
    reference_notes: list[Note]
    shift_sec: float
    metrics: dict[str, float]


class About(BaseModel):
    """What this studio is and can."""

    version: str
    models: dict[str, list[dict[str, str]]]
    formats: dict[str, list[str]]
    limits: dict[str, float]
