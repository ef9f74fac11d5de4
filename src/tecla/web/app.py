"""The studio as a web application: routes, refusals, static files, and the guard around all of it."""

from __future__ import annotations

import mimetypes
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Final, get_args

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, JSONResponse
from starlette.staticfiles import StaticFiles

from tecla import __version__
from tecla.errors import MissingExtraError, TeclaError
from tecla.io.audio import READABLE
from tecla.web import live, queue_routes, takes, versions
from tecla.web.doors import REFUSALS
from tecla.web.forms import About, Token
from tecla.web.guard import COOKIE, LARGEST_UPLOAD_BYTES, SESSION_PATH, Guard
from tecla.web.models import continuing_models
from tecla.web.problems import ProblemError, problem_body
from tecla.web.studio import Studio
from tecla.web.tasks import LONGEST_SEC, MOST_NOTES

STATIC: Final = Path(__file__).parent / "static"
SAMPLES: Final = Path(str(resources.files("tecla.rendering"))) / "salamander"
_NOTES_IN: Final = [".mid", ".midi", ".musicxml", ".xml", ".mxl", ".abc", ".json", ".csv"]


def build_app(studio: Studio, token: str | None = None, hosts: Iterable[str] = ()) -> Guard:
    """The application; `token` and `hosts` as for the Guard."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        studio.open()
        yield
        studio.close()

    app = FastAPI(
        title="tecla studio",
        version=__version__,
        description="Listens to a piano, writes MIDI and a page, and goes on playing. Times are seconds, pitches MIDI numbers.",
        openapi_url="/api/openapi.json",
        docs_url=None,  # its page comes from another host
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.studio = studio
    for router in (takes.router, versions.router, queue_routes.router, live.router):
        app.include_router(router)
    _add_door(app, token)
    _add_refusals(app)
    _add_files(app)
    return Guard(app, token, hosts)


def _add_door(app: FastAPI, token: str | None) -> None:
    @app.get("/api/about", response_model=About, tags=["studio"], responses=REFUSALS)
    def about() -> dict[str, Any]:
        """Version, models, formats and limits."""
        return {
            "version": __version__,
            "models": {
                "transcription": [{"name": "default", "title": "Piano"}],
                "generation": continuing_models(),
            },
            "formats": {"in": [*sorted(READABLE), *_NOTES_IN], "out": list(get_args(versions.Format))},
            "limits": {"upload_bytes": LARGEST_UPLOAD_BYTES, "duration_sec": LONGEST_SEC, "notes": MOST_NOTES},
        }

    @app.post(SESSION_PATH, status_code=204, tags=["studio"], responses=REFUSALS)
    def session(given: Token, response: Response) -> Response:
        """Trades the token for a cookie, which a browser sends with sound, pictures and sockets too."""
        import hmac  # noqa: PLC0415

        if token is not None and not hmac.compare_digest(given.token.encode(), token.encode()):
            raise ProblemError(401, "no-token", "this is not the token that the studio printed when it started")
        response = Response(status_code=204)
        if token is not None:
            response.set_cookie(COOKIE, token, httponly=True, samesite="strict", path="/")
        return response


def _add_refusals(app: FastAPI) -> None:
    @app.exception_handler(TeclaError)
    async def refused(_: Request, error: Exception) -> JSONResponse:
        if isinstance(error, ProblemError):
            return JSONResponse(problem_body(error.code, error.message), error.status)
        status, code = (503, "missing-extra") if isinstance(error, MissingExtraError) else (422, "refused")
        return JSONResponse(problem_body(code, str(error)), status)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return JSONResponse(problem_body("invalid", f"{where}: {first['msg']}"), 422)

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        code = getattr(error, "code", {404: "not-found", 405: "wrong-method"}.get(error.status_code, "bad-request"))
        return JSONResponse(problem_body(code, str(error.detail)), error.status_code, headers=error.headers)


class _Fresh(StaticFiles):
    """Files that a browser asks about each time, so that a new version is seen at once."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


def _add_files(app: FastAPI) -> None:
    mimetypes.add_type("text/javascript", ".js")  # some systems' tables say otherwise, and a module of another type is not run
    mimetypes.add_type("text/javascript", ".mjs")

    @app.get("/", include_in_schema=False)
    def index() -> FileResponse:
        return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    app.mount("/static", _Fresh(directory=STATIC, check_dir=False), name="static")
    app.mount("/api/piano", StaticFiles(directory=SAMPLES), name="piano")
