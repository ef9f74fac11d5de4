"""docs/cli.md, written from the commands themselves: python -m tecla.cli.reference > docs/cli.md"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import typer.main

from tecla.cli import app


def reference() -> str:
    """The whole command line as Markdown, one section a command."""
    head = "# The command line\n\nWritten by `python -m tecla.cli.reference > docs/cli.md`; a test fails when it is stale.\n"
    return head + "".join(_sections(typer.main.get_command(app), "tecla"))


def _sections(command: Any, name: str) -> Iterator[str]:
    """A command and all below it."""
    commands = getattr(command, "commands", {})
    yield f"\n## {name}\n\n{_text(command.help)}\n\n```\n{_usage(command, name)}\n```\n"
    rows = [_row(parameter) for parameter in command.params]
    if rows:
        yield "\n" + "\n".join(rows) + "\n"
    for child in commands:
        yield from _sections(commands[child], f"{name} {child}")


def _usage(command: Any, name: str) -> str:
    arguments = [_placeholder(parameter) for parameter in command.params if parameter.param_type_name == "argument"]
    tail = ["COMMAND ..."] if getattr(command, "commands", {}) else []
    return " ".join([name, *arguments, "[OPTIONS]", *tail])


def _placeholder(parameter: Any) -> str:
    return f"{parameter.metavar or parameter.name.upper()}{'...' if parameter.nargs == -1 else ''}"


def _row(parameter: Any) -> str:
    """One argument or option as a list item, with its default where it has one worth saying."""
    if parameter.param_type_name == "argument":
        names = f"`{_placeholder(parameter)}`"
    else:
        names = ", ".join(f"`{option}`" for option in (*parameter.opts, *parameter.secondary_opts))
    default = parameter.default
    shown = f" (default: `{default}`)" if isinstance(default, str | int | float) and not isinstance(default, bool) else ""
    return f"- {names}: {parameter.help or ''}{shown}"


def _text(help_text: str | None) -> str:
    """A docstring as Markdown: paragraphs marked with a backspace stand as they are."""
    paragraphs = inspect.cleandoc(help_text or "").split("\n\n")
    return "\n\n".join(f"```\n{p[1:].strip(chr(10))}\n```" if p.startswith("\b") else p for p in paragraphs)


if __name__ == "__main__":
    print(reference(), end="")
