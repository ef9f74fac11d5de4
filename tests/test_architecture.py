"""The house keeps its shape: imports point down, torch stays in its rooms, files and functions stay readable, --help stays light."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "tecla"
FLOORS = [  # bottom up; rooms on one floor do not know each other
    {"errors"},
    {"apart"},
    {"weights"},
    {"music"},
    {"io", "transcription", "engraving", "generation", "rendering", "evaluation"},
    {"composition", "tune_page", "pages", "corpora"},
    {"workbench"},
    {"written"},
    {"tecla"},  # the public face, tecla/__init__.py
    {"archive", "models"},
    {"training"},
    {"web"},
    {"cli"},
]
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
TORCH_ROOMS = ("tecla.models", "tecla.training", "tecla.generation.models")
BEHIND_EXTRAS = (
    *TORCH_ROOMS,
    "tecla.web",
    "tecla.rendering.lettering",
    "tecla.rendering.pdf",
)  # whoever imports them has asked for the extra
HEAVY = {"torch", "onnxruntime", "numpy", "av", "soundfile", "PIL", "scipy", "matplotlib"}


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


TREES = {module_name(path): ast.parse(path.read_text("utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


def imports(module: str) -> Iterator[str]:
    """Every module that a module names in an import, wherever in it the import stands."""
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} line {node.lineno}: a relative import hides its room; write it in full"
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from {name if name in TREES else str(node.module) for name in inner}


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else module


@pytest.mark.parametrize("module", TREES)
def test_imports_point_down(module: str) -> None:
    room = room_of(module)
    assert room in FLOOR_OF, f"{room} has no floor: give it one in HOUSE's plan and in FLOORS"
    for target in imports(module):
        if target.split(".")[0] == "tecla" and room_of(target) != room and target != "tecla":
            assert FLOOR_OF[room_of(target)] < FLOOR_OF[room], f"{module} imports {target}, which is not below it"


@pytest.mark.parametrize("module", TREES)
def test_torch_stays_in_its_rooms(module: str) -> None:
    if not module.startswith(TORCH_ROOMS):
        assert not any(target.split(".")[0] == "torch" for target in imports(module))


def outside_imports(module: str) -> set[str]:
    """Packages that importing a module brings in: those named outside functions, but for the type checker's."""
    found: set[str] = set()
    waiting: list[ast.stmt] = list(TREES[module].body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).split(".")[0])
        elif isinstance(node, ast.ClassDef | ast.Try) or (isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test)):
            waiting += node.body
    return found - sys.stdlib_module_names - {"tecla"}


@pytest.mark.parametrize("module", [module for module in TREES if not module.startswith(BEHIND_EXTRAS)])
def test_what_every_installation_imports_every_installation_has(module: str) -> None:
    """The wheel could once not transcribe: scipy was imported, and only ever there because other things had brought it."""
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    brought = {re.split(r"[\[<>=]", name)[0].lower() for name in asked} - {"pillow"} | {"PIL"}
    assert outside_imports(module) <= brought


def test_no_import_circles() -> None:
    graph = {
        module: {target for target in imports(module) if target in TREES and target != "tecla"} for module in TREES if module != "tecla"
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(f"a circle of imports: {' -> '.join(circle.args[1])}")


@pytest.mark.parametrize(
    "path",
    [*PACKAGE.rglob("*.py"), *ROOT.glob("tests/**/*.py"), *ROOT.glob("benchmarks/*.py")],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_files_and_functions_fit_an_eye(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") <= 350
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None and len(node.body) > 1 else node.body
            lines = (body[-1].end_lineno or 0) - body[0].lineno + 1
            assert lines <= 60, f"{node.name} has {lines} lines"


def test_help_loads_nothing_heavy() -> None:
    code = "import sys, tecla.cli\ntry: tecla.cli.main(['--help'])\nfinally: sys.stderr.write(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "transcribe" in done.stdout
    assert not HEAVY & {name.split(".")[0] for name in done.stderr.split()}
