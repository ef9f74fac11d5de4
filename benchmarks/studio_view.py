"""The studio before the eye, in a real Chromium: python benchmarks/studio_view.py [--notes 20000] [--sound RECORDING]

First view: five fresh windows with empty caches, from the request until the library can be used (its first button is there and the
browser has nothing left to do). Roll: a take of so many notes, scrolled with the wheel and zoomed from a second of music to all of it and
back; the time between one picture and the next, and the page's own work for each. Recording: from dropping a file to all of its notes
on the screen. Chromium draws without a graphics card here, and timings mean little on a machine that does something else.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from tecla.io.midi import save_midi
from tecla.music import Performance

NOTES_PER_SEC = 15
WATCH = """
window.work = new Map(); window.pictures = []; window.first = null;
const ask = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (draw) => ask((at) => {
  const begin = performance.now();
  draw(at);
  window.work.set(at, (window.work.get(at) ?? 0) + performance.now() - begin);
});
window.count = () => ask((at) => { window.pictures.push(at); window.count(); });
const look = () => {
  if (document.querySelector("main button")) requestIdleCallback(() => { window.first = performance.now(); });
  else setTimeout(look, 5);
};
look();
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notes", type=int, default=20_000)
    parser.add_argument("--sound", type=Path)
    asked = parser.parse_args()
    chromium = next(path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name)))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        command = [sys.executable, "-m", "tecla.cli", "studio", "--port", "0", "--no-browser", "--library", f"{folder}/library"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            url = server.stdout.readline().split()[-1]
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            first_view(browser, url)
            roll(browser, url, long_take(Path(folder, "long.mid"), asked.notes))
            if asked.sound:
                recording(browser, url, asked.sound)
            browser.close()
        finally:
            server.terminate()
            server.wait()


def window(browser: Browser) -> Page:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.add_init_script(WATCH)
    return page


def until(page: Page, what: str) -> Any:
    """The value of an expression once it has one. (Playwright's own waiting needs eval, which the studio's policy forbids.)"""
    while not (value := page.evaluate(what)):
        page.wait_for_timeout(5)
    return value


def first_view(browser: Browser, url: str) -> None:
    took_ms = []
    for _ in range(5):
        page = window(browser)
        page.goto(url)
        took_ms.append(until(page, "window.first"))
        page.context.close()
    print(f"first view: {np.median(took_ms):.0f} ms in the middle of {', '.join(f'{took:.0f}' for took in sorted(took_ms))}", flush=True)


def long_take(path: Path, n_notes: int) -> Path:
    """Chords of one to six notes in two hands, about fifteen notes a second, pedalled."""
    rng = np.random.default_rng(0)
    onset_sec = np.sort(rng.uniform(0, n_notes / NOTES_PER_SEC, n_notes))
    pitch = np.where(rng.random(n_notes) < 0.5, rng.integers(30, 60, n_notes), rng.integers(60, 96, n_notes))
    velocity = rng.integers(20, 110, n_notes)
    controls = [(sec, 64, 127 * (i % 2)) for i, sec in enumerate(np.arange(0, onset_sec[-1], 0.8))]
    save_midi(Performance.from_arrays(onset_sec, onset_sec + rng.uniform(0.05, 1.5, n_notes), pitch, velocity, controls=controls), path)
    return path


def roll(browser: Browser, url: str, midi: Path) -> None:
    with httpx.Client(base_url=url, timeout=600) as http:
        handed = http.post("/api/takes", files={"file": (midi.name, midi.read_bytes())}).json()
    page = window(browser)
    page.route("**/page", lambda route: route.abort())  # engraving such a take takes half a minute, and is not what is measured
    page.goto(f"{url}#/take/{handed['take']['id']}")
    page.wait_for_selector(".roll canvas")
    page.wait_for_timeout(3000)
    box: Any = page.locator(".roll").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.evaluate("window.count()")
    watch(page, "scrolling, as it opens", lambda _: page.mouse.wheel(0, 120), 120)
    watch(page, "zooming out to all of it", lambda _: zoom(page, 60), 60)
    watch(page, "scrolling through all of it, half in sight", lambda i: zoom(page, -30) if i < 10 else page.mouse.wheel(0, 60), 120)
    watch(page, "zooming in", lambda _: zoom(page, -60), 90)
    page.context.close()


def zoom(page: Page, by: int) -> None:
    page.keyboard.down("Control")
    page.mouse.wheel(0, by)
    page.keyboard.up("Control")


def watch(page: Page, what: str, turn: Any, times: int) -> None:
    page.evaluate("[window.pictures.length = 0, window.work.clear()]")
    for i in range(times):
        turn(i)
    pictures, work = page.evaluate("[window.pictures, [...window.work.values()]]")
    between, work = np.diff(pictures), [ms for ms in work if ms > 0.5]  # the others had nothing to draw
    median, most = np.percentile(between, (50, 95))
    own_least, own, own_most = np.percentile(work, (10, 50, 95))
    print(f"{what}: {1000 / between.mean():.0f} pictures a second, {median:.1f} ms between them ({most:.1f} at 95 %)", end="; ")
    print(f"the page's own work {own:.1f} ms a picture ({own_least:.1f} at 10 %, {own_most:.1f} at 95 %)", flush=True)


def recording(browser: Browser, url: str, sound: Path) -> None:
    page = window(browser)
    page.goto(url)
    page.wait_for_selector("#picker", state="attached")
    begin = time.perf_counter()
    page.locator("#picker").set_input_files(sound)
    heard = page.locator("li.take", has_text=sound.stem).locator("a[href*='#/take/']").first  # a link only once its notes are there
    heard.wait_for(timeout=600_000)
    heard.click()
    until(page, "document.querySelector('.roll canvas')?.width > 300")
    print(f"{sound.name}: its notes are on the screen after {time.perf_counter() - begin:.1f} s", flush=True)


if __name__ == "__main__":
    main()
