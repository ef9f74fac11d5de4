"""Two judgements of the same takes as a picture: every take's figures before and after, and the mean difference.

tecla evaluate transcriber --corpus PAIRS --keep before/ --json before.json
tecla evaluate transcriber --corpus PAIRS --model after.onnx --versus before/ --json after.json
python benchmarks/before_after.py after.json OUT.png
"""

import json
import sys
from pathlib import Path

from tecla.corpora.pictures import COLOURS, make_figure, plain, save_figure

FIGURES = ("onset", "onset+velocity", "onset+offset sounding", "onset+offset+velocity sounding", "frame sounding")


def main() -> None:
    document = json.loads(Path(sys.argv[1]).read_text())
    before = {piece["name"]: piece["raw"] for piece in document["versus"]}
    figure = make_figure(13, 4.6)
    for panel, name in zip(figure.subplots(1, len(FIGURES), sharey=True), FIGURES, strict=True):
        for piece in document["pieces"]:
            panel.plot([0, 1], [before[piece["name"]][name], piece["raw"][name]], color=COLOURS[0], marker="o", markersize=4, linewidth=1.4)
        gain = document["summary"]["all"]["gain_raw"][name]
        plain(panel, f"{name.replace('+', ' + ')}\n{gain['mean']:+.3f} [{gain['low']:+.3f}, {gain['high']:+.3f}]")
        panel.set(xlim=(-0.2, 1.2), ylim=(0, 1))
        panel.set_xticks([0, 1], ["before", "after"])
        panel.set_title(panel.get_title(loc="left"), loc="left", fontsize=9)
    save_figure(figure, Path(sys.argv[2]))


if __name__ == "__main__":
    main()
