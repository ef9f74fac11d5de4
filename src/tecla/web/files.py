"""Files as answers, in a library from which any of them may be deleted before it is sent."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import FileResponse, JSONResponse
from starlette.types import Receive, Scope, Send

from tecla.web.problems import problem_body


class LibraryFile(FileResponse):
    """A file, with ranges; 404 if it is gone by the time it is to be sent."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it."""
        try:
            await super().__call__(scope, receive, send)
        except RuntimeError:
            if Path(self.path).exists():
                raise
            await JSONResponse(problem_body("deleted", "this was deleted meanwhile"), 404)(scope, receive, send)
