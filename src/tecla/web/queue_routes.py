"""Routes of the job queue, and the stream of news."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import StreamingResponse

from tecla.web.doors import REFUSALS, JobId, StudioHere
from tecla.web.forms import JobState

router = APIRouter(prefix="/api", tags=["jobs"], responses=REFUSALS)


@router.get("/jobs", response_model=list[JobState])
def list_jobs(studio: StudioHere) -> list[dict[str, Any]]:
    """All jobs that wait or run, and the last hundred that ended, the newest first."""
    return studio.jobs.jobs()


@router.get("/jobs/{job}", response_model=JobState)
def look_at(studio: StudioHere, job: JobId) -> dict[str, Any]:
    """One job."""
    return studio.jobs.job(job)


@router.delete("/jobs/{job}", status_code=202, response_model=JobState)
def cancel(studio: StudioHere, job: JobId) -> dict[str, Any]:
    """Stops a job: it leaves the queue, or its process ends."""
    return studio.jobs.cancel(job)


@router.get("/events", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}})
async def events(studio: StudioHere) -> StreamingResponse:
    """Server-sent events: `job` and `take`, each with its new state as JSON (a deleted take is {id, deleted}), `page`: how far one is."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(studio.events.listen(), media_type="text/event-stream", headers=headers)
