"""A real Chromium before a real studio. Without a Chromium on the machine these tests are skipped, and say so."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

ROOT = Path(__file__).parents[3]
DEMO_MIDI = ROOT / "demo" / "evening-waltz.mid"
DEMO = ROOT / "demo" / "evening-waltz.ogg"
CHROMIUM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]

expect.set_options(timeout=30_000)  # two busy cores: what takes a second alone may take many


class Desk:
    """One window on the studio, in which nothing may go wrong unseen."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)

    def visit(self, place: str = "") -> None:
        self.page.goto(f"{self.url}{place}")

    def drop(self, *files: Path | dict[str, Any]) -> None:
        self.page.locator("#picker").set_input_files(list(files))

    def row(self, name: str) -> Locator:
        """The library's row of a take, by the beginning of its name."""
        return self.page.locator("li.take").filter(has=self.page.locator("h3", has_text=name))

    def open_take(self, take: str) -> None:
        """Opens a take and waits until its page has been engraved."""
        self.visit(f"#/take/{take}")
        expect(self.page.locator(".page svg").first).to_be_attached()
        expect(self.page.locator(".sheet")).to_have_attribute("aria-busy", "false")

    def settled_page(self) -> None:
        """Waits until the page shows what the roll does."""
        expect(self.page.locator(".sheet")).to_have_attribute("aria-busy", "false")


@pytest.fixture(scope="package")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first eleven seconds of the demo recording."""
    path = tmp_path_factory.mktemp("sound") / "Evening waltz.wav"
    samples, rate = soundfile.read(DEMO, frames=11 * soundfile.info(DEMO).samplerate, dtype="float32")
    soundfile.write(path, samples, rate)
    return path


@pytest.fixture(scope="package")
def long_sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six minutes: work enough to reload or cancel in the middle of it."""
    path = tmp_path_factory.mktemp("sound") / "Long evening.wav"
    samples, rate = soundfile.read(DEMO, dtype="float32")
    soundfile.write(path, np.concatenate([samples] * 9), rate)
    return path


@pytest.fixture(scope="package")
def browser(sound: Path) -> Iterator[Browser]:
    """Chromium, whose microphone hears the demo recording."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium, and these tests run")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=[*SWITCHES, f"--use-file-for-fake-audio-capture={sound}"])
        yield running
        running.close()


@pytest.fixture
def window(browser: Browser, studio: Any) -> Iterator[Callable[..., Desk]]:
    """Opens windows: `window(width=360, color_scheme="dark")`. An error in any of them fails the test."""
    opened: list[tuple[BrowserContext, Desk]] = []

    def open_window(width: int = 1440, height: int = 900, **options: Any) -> Desk:
        options = {"locale": "en-GB", "accept_downloads": True, "reduced_motion": "reduce"} | options
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        opened.append((context, Desk(context.new_page(), studio.url)))
        return opened[-1][1]

    yield open_window
    complaints = [complaint for _, desk in opened for complaint in desk.complaints]
    for context, _ in opened:
        context.close()
    assert complaints == []


@pytest.fixture
def desk(window: Callable[..., Desk]) -> Desk:
    """One window, as wide as a laptop's."""
    return window()


@pytest.fixture(scope="package")
def take(studio: Any, sound: Path) -> str:
    """A take that has been heard: the id."""
    handed = studio.hand_in(sound, "Heard evening.wav")
    assert studio.wait(handed["job"]["id"])["state"] == "done"
    return handed["take"]["id"]
