"""tecla studio: the workbench in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def studio(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen; 0 for any free port.")] = 8642,
    host: Annotated[str, typer.Option(help="Another address of this machine lets others in who have the printed token.")] = "127.0.0.1",
    library: Annotated[Path | None, typer.Option(metavar="DIR", help="Where takes are kept; else the system's place for data.")] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")] = True,
) -> None:
    """Open the studio: record or drop a file, see, hear, correct, continue and print it, in the browser.

    \b
    tecla studio                          at http://127.0.0.1:8642
    tecla studio --library ~/Music/takes  another library
    tecla studio --host 0.0.0.0           for a phone in the same network: open the printed address

    Nothing leaves this machine. Needs pip install 'tecla[studio]'.
    """
    from tecla.errors import MissingExtraError  # noqa: PLC0415

    try:
        from tecla.web.serve import serve  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("tecla"):
            raise
        raise MissingExtraError(f"the studio needs {error.name}: pip install 'tecla[studio]'") from error
    serve(host, port, library, browser)
