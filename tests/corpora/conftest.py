from collections.abc import Callable

import pytest

from tecla.cli import main


@pytest.fixture
def tecla_exits() -> Callable[..., int]:
    """Runs a command line and gives its exit code."""

    def run(*arguments: str) -> int:
        with pytest.raises(SystemExit) as done:
            main(arguments)
        return int(done.value.code or 0)

    return run
