"""How much `pip install .` brings, and how fast `tecla --help` answers: python benchmarks/install_size.py

Installs the working tree into a fresh environment and measures what that adds to its site-packages, where pip lies already. Bounds:
350 MB, no torch, 0.5 s. Exits with 1 when one is broken.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
MOST_MB, MOST_SEC, RUNS = 350.0, 0.5, 7


def size_mb(path: Path) -> float:
    """Size in MB (1024 x 1024 bytes) of what a file, or all files of a folder, take on the disk."""
    files = [path] if path.is_file() else [inner for inner in path.rglob("*") if inner.is_file()]
    return sum(inner.stat().st_blocks * 512 for inner in files) / 2**20


def help_sec(tecla: Path) -> list[float]:
    """Seconds that `tecla --help` takes, each run, sorted."""
    took = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        subprocess.run([tecla, "--help"], check=True, stdout=subprocess.DEVNULL)
        took.append(time.perf_counter() - begin)
    return sorted(took)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        packages = next(Path(folder).glob("lib/python*/site-packages"))
        before = size_mb(packages)
        subprocess.run([f"{folder}/bin/python", "-m", "pip", "install", "--quiet", "-c", ROOT / "constraints.txt", ROOT], check=True)
        sizes = sorted(((size_mb(path), path.name) for path in packages.iterdir()), reverse=True)
        total, torch = size_mb(packages) - before, (packages / "torch").exists()
        took = help_sec(Path(folder) / "bin" / "tecla")
    for size, name in sizes[:10]:
        print(f"{size:7.1f} MB  {name}")
    print(f"added to site-packages: {total:.0f} MB (at most {MOST_MB:.0f}) on {before:.0f} MB, torch: {'yes' if torch else 'no'}")
    print(f"tecla --help: median {took[RUNS // 2]:.2f} s of {RUNS} (at most {MOST_SEC}), {took[0]:.2f} to {took[-1]:.2f} s")
    sys.exit(total > MOST_MB or torch or took[RUNS // 2] > MOST_SEC)


if __name__ == "__main__":
    main()
