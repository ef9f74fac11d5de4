"""Does the wheel install and hear without a compiler? python benchmarks/install_wheel.py PYTHON ... (python3.11 python3.12 python3.13)

For each interpreter: a fresh environment, the locked packages (wheels alone, by their hashes), the wheel that the working tree builds, then
the demo, with nothing on the PATH but the environment: no compiler, and nothing from elsewhere than the package index.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tecla.io.midi import load_midi

ROOT = Path(__file__).parents[1]


def build(folder: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=ROOT, check=True, capture_output=True
    )
    return next(folder.glob("*.whl"))


def install(python: str, wheel: Path, folder: Path) -> Path:
    """The folder of the environment's programs."""
    subprocess.run([python, "-m", "venv", str(folder)], check=True)
    binaries = folder / ("Scripts" if os.name == "nt" else "bin")
    pip = [str(binaries / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]
    environment = os.environ | {"PATH": str(binaries), "CC": "none", "CXX": "none"}
    environment.pop("PYTHONPATH", None)
    subprocess.run([*pip, "--require-hashes", "-r", str(ROOT / "requirements.lock")], check=True, env=environment)
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True, env=environment)
    return binaries


def hear(binaries: Path, folder: Path) -> int:
    """How many notes of the demo are heard."""
    target = folder / "demo.mid"
    environment = {"PATH": str(binaries), "HOME": str(folder)}
    command = [str(binaries / "tecla"), "transcribe", str(ROOT / "demo" / "evening-waltz.ogg"), "-o", str(target)]
    subprocess.run(command, check=True, env=environment, cwd=folder, stdout=subprocess.DEVNULL)
    return len(load_midi(target))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        wheel = build(Path(folder))
        print(f"{wheel.name}: {hashlib.sha256(wheel.read_bytes()).hexdigest()}", flush=True)
        for number, python in enumerate(sys.argv[1:] or [sys.executable]):
            work = Path(folder) / str(number)
            binaries = install(python, wheel, work)
            version = subprocess.run([binaries / "python", "-V"], check=True, capture_output=True, text=True).stdout.strip()
            print(f"{version}: {hear(binaries, work)} notes", flush=True)


if __name__ == "__main__":
    main()
