"""The studio under load and in real time, over HTTP: is anything lost, how much memory, how soon is a note on the screen?

    python benchmarks/studio.py --sound demo/evening-waltz.ogg --takes 50
    python benchmarks/studio.py --sound demo/evening-waltz.ogg --takes 1 --live

Memory is the sum of the proportional set sizes of the server and its workers (Linux), looked at twice a second. A note's latency is the
sound that had been sent when its beginning was told, less its onset: what a player waits, less the browser's own buffers. Timings mean
little on a machine that does something else.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
import numpy as np
from websockets.sync.client import connect

from tecla import workbench

RATE, BLOCK_SEC = 16_000, 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sound", type=Path, required=True)
    parser.add_argument("--takes", type=int, default=50)
    parser.add_argument("--live", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as library:
        command = [sys.executable, "-m", "tecla.cli", "studio", "--port", "0", "--no-browser", "--library", library]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            url = server.stdout.readline().split()[-1]
            with httpx.Client(base_url=url, timeout=600) as http:
                first_view(http)
                load(http, server.pid, asked.sound, asked.takes)
            if asked.live:
                live(url, asked.sound)
        finally:
            server.terminate()
            server.wait()


def first_view(http: httpx.Client) -> None:
    begin = time.perf_counter()
    size = len(http.get("/").content) + len(http.get("/api/takes").content)
    print(f"first page and library: {size:,} bytes in {1000 * (time.perf_counter() - begin):.0f} ms")


def load(http: httpx.Client, server: int, sound: Path, n_takes: int) -> None:
    peak, done = [0], threading.Event()
    watcher = threading.Thread(target=watch, args=(server, peak, done))
    watcher.start()
    begin = time.perf_counter()
    jobs = [http.post("/api/takes", files={"file": (sound.name, sound.read_bytes())}).json()["job"]["id"] for _ in range(n_takes)]
    handed_sec = time.perf_counter() - begin
    while any(http.get(f"/api/jobs/{job}").json()["state"] in ("queued", "running") for job in jobs):
        time.sleep(0.5)
    took_sec = time.perf_counter() - begin
    done.set()
    watcher.join()
    states = [http.get(f"/api/jobs/{job}").json()["state"] for job in jobs]
    takes = http.get("/api/takes").json()
    counts = {take["n_notes"] for take in takes}
    ready = sum(take["status"] == "ready" and take["latest_version"] == 1 for take in takes)
    sound_sec = sum(take["duration_sec"] for take in takes)
    print(f"{n_takes} takes handed in within {handed_sec:.1f} s; {states.count('done')} done, {ready} ready, notes {sorted(counts)}")
    print(f"all heard after {took_sec:.1f} s, {sound_sec / took_sec:.1f} times real time; peak memory {peak[0] / 1024:.0f} MiB")


def watch(server: int, peak: list[int], done: threading.Event) -> None:
    while not done.wait(0.5):
        peak[0] = max(peak[0], sum(map(proportional_kib, tree(server))))


def tree(process: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{process}/task").iterdir())
        children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []
    return [process, *(inner for child in children for inner in tree(child))]


def proportional_kib(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def live(url: str, sound: Path) -> None:
    """Sends a recording at the speed at which it sounds."""
    samples = np.concatenate(list(workbench.open_sound(sound).blocks())).astype("<f4")
    sent_sec = [0.0]
    with connect(url.replace("http", "ws") + "api/live", proxy=None) as socket:
        socket.send(json.dumps({"sample_rate": RATE}))
        socket.recv()
        sender = threading.Thread(target=send, args=(socket, samples, sent_sec))
        sender.start()
        waits: list[float] = []
        while True:
            news = json.loads(socket.recv())
            waits += [sent_sec[0] - note["onset_sec"] for note in news["notes"] if note["offset_sec"] is None]
            if news.get("done"):
                break
        sender.join()
    low, middle, high = (1000 * np.percentile(waits, share) for share in (5, 50, 95))
    print(f"live: {len(waits)} notes, from sound to note {middle:.0f} ms (median; 5 to 95 %: {low:.0f} to {high:.0f} ms)")


def send(socket: object, samples: np.ndarray, sent_sec: list[float]) -> None:
    n = int(BLOCK_SEC * RATE)
    begin = time.perf_counter()
    for start in range(0, len(samples), n):
        time.sleep(max(0.0, begin + (start + n) / RATE - time.perf_counter()))  # a block can be sent when it has sounded
        socket.send(samples[start : start + n].tobytes())
        sent_sec[0] = time.perf_counter() - begin
    socket.send(json.dumps({"stop": True}))


if __name__ == "__main__":
    main()
