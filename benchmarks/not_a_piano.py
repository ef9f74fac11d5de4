"""How often an archive's "likely not a piano" is right: python benchmarks/not_a_piano.py FOLDER

FOLDER holds sounds named KIND__anything.flac; kinds that begin with "piano" are pianos. Every second file of each kind chooses the
threshold of the log odds (halfway between the least sure piano and the surest other sound that is no instrument), the others judge it,
and the shipped one beside it.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from tecla.archive.meter import Meter
from tecla.archive.signs import LEAST_LOG_ODDS, Signs, likely_not_piano, read_signs
from tecla.io.audio import open_audio
from tecla.transcription import Transcriber


def main() -> None:
    transcriber = Transcriber.load("default", 1)
    seen: dict[str, list[Signs]] = defaultdict(list)
    for path in sorted(Path(sys.argv[1]).glob("*__*")):
        meter = Meter()
        performance = transcriber.transcribe(meter.through(open_audio(path).blocks))
        seen[path.name.split("__")[0]].append(read_signs(performance, meter.measured))
    print(f"{'kind':14s} files  flagged  log odds least, median, most     explained median   notes a second median")
    for kind, signs in sorted(seen.items()):
        sure = np.array([sign.log_odds for sign in signs])
        explained, rate = (np.median([getattr(sign, name) for sign in signs]) for name in ("explained", "notes_per_sec"))
        flagged = sum(map(likely_not_piano, signs))
        told = f"{sure.min():.2f} {np.median(sure):.2f} {sure.max():.2f}"
        print(f"{kind:14s} {len(signs):5d}  {flagged:7d}  {told:31s}  {explained:17.2f}  {rate:18.1f}")
    chosen, held_out = ({kind: signs[part::2] for kind, signs in seen.items()} for part in (0, 1))
    sounds = [kind for kind in seen if kind in ("speech", "voice", "noise")]
    least = min(sign.log_odds for kind in seen if kind.startswith("piano") for sign in chosen[kind])
    most = float(np.percentile([sign.log_odds for kind in sounds for sign in chosen[kind]], 99))
    print(f"one half: least sure piano {least:.3f}, surest 1 % of speech, voice and noise {most:.3f}; shipped {LEAST_LOG_ODDS}")
    for name, kinds, wrong in (("pianos", [k for k in seen if k.startswith("piano")], True), ("speech, voice, noise", sounds, False)):
        judged = [likely_not_piano(sign) == wrong for kind in kinds for sign in held_out[kind]]
        print(f"other half: {sum(judged)} of {len(judged)} {name} judged wrongly")


if __name__ == "__main__":
    main()
