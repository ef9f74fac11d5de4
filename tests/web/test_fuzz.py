"""Whatever is sent, by the API's own description or against it: an answer, and never a fault of ours."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

if TYPE_CHECKING:
    from tests.web.conftest import Server

WALTZ = Path(__file__).parents[2] / "demo" / "evening-waltz.mid"
EXAMPLES = int(os.environ.get("TECLA_FUZZ_EXAMPLES", "8"))  # a long run: TECLA_FUZZ_EXAMPLES=500
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def test_no_request_is_a_fault(studio: Server) -> None:
    described = schemathesis.openapi.from_url(f"{studio.url}api/openapi.json").exclude(path="/api/events")  # it never ends
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) >= 20
    take = studio.hand_in(WALTZ)["take"]["id"]
    for operation in operations:
        _answer(operation, {})
        if operation.method != "delete":
            _answer(operation, {"take": take, "version": 1, "reference_take": take, "reference_version": 1})
    assert len(studio.http.get(f"/api/takes/{take}/versions/1").json()["notes"]) == 175
    assert studio.http.delete(f"/api/takes/{take}").status_code == 204


def _answer(operation: Any, known: dict[str, Any]) -> None:
    """Sends what fits the description, and what does not; `known` takes the place of parameters that nobody would guess."""

    @given(case=operation.as_strategy())
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    def sending(case: schemathesis.Case) -> None:
        for parameters in (case.path_parameters, case.query):
            for name in known.keys() & (parameters or {}).keys():
                parameters[name] = known[name]
        case.validate_response(case.call(timeout=60), checks=CHECKS)

    sending()
