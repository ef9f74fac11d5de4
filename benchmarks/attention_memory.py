"""Memory of relative attention over the length of the music: skewed (Huang et al. 2019, section 3.4.1) beside the naive O(L^2 D) form.

python benchmarks/attention_memory.py [--lengths 128 256 512 1024 2048]

One pass of one layer (6 heads of 32, as in the chorales' network), batch 1, gradients kept, one thread: what the process needs at its peak
beyond what it had, and how long the pass takes. Both forms give the same scores (tests/generation/test_models.py). Linux.
"""

import argparse
import ctypes
import gc
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from tecla.generation.models.music_transformer import skewed

HEADS, SIZE = 6, 32


def by_skewing(q: Tensor, distances: Tensor) -> Tensor:
    """(H, L, S), row of `distances` d = distance L - 1 - d -> (H, L, L)."""
    return skewed((q @ distances.transpose(1, 2))[None])[0]


def naive(q: Tensor, distances: Tensor) -> Tensor:
    """The same by writing out the distance of every pair: a tensor (H, L, L, S)."""
    here = torch.arange(q.shape[1])
    apart = (here[:, None] - here).clamp(min=0)
    return torch.einsum("hls,hlms->hlm", q, distances.flip(1)[:, apart])


def peak_mb(form: Callable[[Tensor, Tensor], Tensor], length: int) -> tuple[float, float]:
    q, distances = (torch.randn(HEADS, length, SIZE, requires_grad=True) for _ in range(2))
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before, begin = _mb("VmRSS"), time.process_time()
    form(q, distances).sum().backward()
    return _mb("VmHWM") - before, time.process_time() - begin


def _mb(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lengths", type=int, nargs="+", default=[128, 256, 512, 1024, 2048])
    parser.add_argument("--most", type=float, default=4096.0, help="MB: naive lengths that need more are left out")
    given = parser.parse_args()
    torch.set_num_threads(1)
    peak_mb(by_skewing, 64)
    print("| positions | skewed, MB | ms | naive, MB | ms |\n|---|---|---|---|---|")
    for length in given.lengths:
        cells = [peak_mb(by_skewing, length)]
        if 2 * 4 * HEADS * SIZE * length**2 / 2**20 <= given.most:  # the tensor and its gradient
            cells.append(peak_mb(naive, length))
        shown = " | ".join(f"{mb:.0f} | {1000 * sec:.0f}" for mb, sec in cells)
        print(f"| {length} | {shown}{' | - | -' if len(cells) == 1 else ''} |", flush=True)
