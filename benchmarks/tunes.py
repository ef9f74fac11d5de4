"""How many sampled tunes parse, and how many of their bars add up, with and without the grammar: python benchmarks/tunes.py --count 1000"""

import argparse
import time

from tecla.errors import InputError
from tecla.generation.engine import Engine
from tecla.generation.sampling import SamplingOptions
from tecla.generation.tunes import write_tune
from tecla.io.abc import parse_tune
from tecla.io.abc_play import bars_that_add_up


def measure(engine: Engine, count: int, masked: bool, options: SamplingOptions) -> str:
    parsed = good = bars = whole = characters = 0
    begin = time.perf_counter()
    for seed in range(count):
        text = write_tune(engine, options, seed, masked=masked)
        characters += len(text)
        try:
            tune = parse_tune(text)
        except InputError:
            continue
        fine, all_bars = bars_that_add_up(tune)
        parsed += bool(all_bars)
        good, bars, whole = good + fine, bars + all_bars, whole + (fine == all_bars > 0)
    took = time.perf_counter() - begin
    adding = f"{100 * good / max(1, bars):.2f} % of {bars:,} bars add up, in {100 * whole / count:.1f} % of tunes all"
    shares = f"{100 * parsed / count:.1f} % parse, {adding}"
    return f"{'with' if masked else 'without'} mask: {shares}; {characters / took:.0f} characters a second"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="abc-lstm")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--top-p", type=float, default=1.0)
    given = parser.parse_args()
    sampling = SamplingOptions(given.temperature, top_p=given.top_p)
    for masked in (True, False):
        print(measure(Engine.load(given.model), given.count, masked, sampling), flush=True)
