"""What the routes share: the studio itself, ids, and the refusals that all of them may answer."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Depends, Path
from starlette.requests import HTTPConnection

from tecla.web.forms import Refusal
from tecla.web.studio import Studio


def _studio(connection: HTTPConnection) -> Studio:
    studio: Studio = connection.app.state.studio
    return studio


StudioHere = Annotated[Studio, Depends(_studio)]
TakeId = Annotated[str, Path(pattern="^[0-9a-f]{16}$", description="a take's id")]
JobId = Annotated[str, Path(pattern="^[0-9a-f]{16}$", description="a job's id")]
VersionNumber = Annotated[int, Path(ge=1, le=2**31)]
REFUSALS: Final[dict[int | str, dict[str, Any]]] = {status: {"model": Refusal} for status in (400, 401, 403, 404, 409, 413, 421, 422, 503)}
