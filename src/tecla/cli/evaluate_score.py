"""tecla evaluate score: an engraved page beside the page that an editor wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def score(
    reference: Annotated[Path, typer.Argument(metavar="REFERENCE", help="The score as it should be: .musicxml, .xml or .mxl.")],
    estimate: Annotated[Path, typer.Argument(metavar="ESTIMATE", help="The score as it was engraved.")],
    json: Annotated[Path | None, typer.Option("--json", metavar="OUT", help="Write every figure as JSON.")] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace outputs that exist already.")] = False,
) -> None:
    """Compare a score with a reference score.

    \b
    tecla evaluate score edition.musicxml engraved.musicxml

    MUSTER's five error rates (Nakamura et al. 2018) and their mean, hands, voices, spelling, signatures; MV2H's five parts
    (McLeod and Steedman 2018) and their mean. Repeats are not unfolded: give both scores as they were played.
    """
    from json import dumps  # noqa: PLC0415

    from tecla.evaluation.mv2h import evaluate_mv2h  # noqa: PLC0415
    from tecla.evaluation.scores import evaluate_score  # noqa: PLC0415
    from tecla.io.musicxml import load_musicxml  # noqa: PLC0415
    from tecla.io.target import check_target, make_folder, write_whole  # noqa: PLC0415

    if json is not None:
        check_target(json, force)
    wanted, found = load_musicxml(reference), load_musicxml(estimate)
    figures = {**evaluate_score(wanted, found).as_dict(), **evaluate_mv2h(wanted, found).as_dict()}
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):22s} {value:7.2f}" if isinstance(value, float) else f"{name.replace('_', ' '):22s} {value!s:>7}")
    if json is not None:
        make_folder(json)
        write_whole(json, dumps(figures, indent=1) + "\n")
