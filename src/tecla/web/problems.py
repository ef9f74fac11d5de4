"""What goes wrong on the web: one shape for every refusal, {"error": {"code", "message"}}."""

from __future__ import annotations

from typing import Any

from tecla.errors import TeclaError


class ProblemError(TeclaError):
    """A refusal with an HTTP status, and a short code that a front end can translate."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def __reduce__(self) -> tuple[Any, ...]:
        return ProblemError, (self.status, self.code, self.message)


def problem_body(code: str, message: str) -> dict[str, Any]:
    """The body of a refusal."""
    return {"error": {"code": code, "message": message}}
