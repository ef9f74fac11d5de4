"""How many sampled tunes parse, how many of their bars add up, how many are caught in a loop, with the grammar and without.

python benchmarks/tunes.py --count 1000 --unmasked 150
"""

import argparse
import time

from tecla.errors import InputError
from tecla.generation.engine import Engine
from tecla.generation.sampling import SamplingOptions
from tecla.generation.tunes import complete_bars, is_loop, write_tune
from tecla.io.abc import parse_tune
from tecla.io.abc_play import bars_that_add_up


def measure(engine: Engine, count: int, masked: bool, options: SamplingOptions) -> str:
    parsed = good = bars = whole = characters = caught = 0
    begin = time.perf_counter()
    for seed in range(count):
        text = write_tune(engine, options, seed, masked=masked)
        characters += len(text)
        bars_written = complete_bars(text)
        caught += any(is_loop(bars_written[: at + 1]) for at in range(len(bars_written)))
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
    loops = f"{100 * caught / count:.1f} % come to a loop"
    return f"{'with' if masked else 'without'} mask, {count} tunes: {shares}; {loops}; {characters / took:.0f} characters a second"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="abc-lstm")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--unmasked", type=int, default=150, help="so many without the grammar")
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--top-p", type=float, default=1.0)
    given = parser.parse_args()
    sampling = SamplingOptions(given.temperature, top_p=given.top_p)
    for masked, count in ((True, given.count), (False, given.unmasked)):
        if count:
            print(measure(Engine.load(given.model), count, masked, sampling), flush=True)
