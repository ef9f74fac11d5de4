"""For every eye, hand, language and window."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect

PLACES = {"library": "", "take": "#/take/", "live": "#/live"}


def arrive(desk: Any, place: str, take: str) -> None:
    if place == "take":
        desk.open_take(take)
    else:
        desk.visit(PLACES[place])
        expect(desk.page.get_by_role("heading", level=1)).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", PLACES)
def test_axe_finds_no_serious_violation(window: Callable[..., Any], take: str, place: str, scheme: str) -> None:
    desk = window(color_scheme=scheme)
    arrive(desk, place, take)
    if place == "take":
        desk.page.get_by_role("button", name="Continue").click()
        desk.page.locator(".page g.notehead").first.click()
    found = Axe().run(desk.page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")] == []


@pytest.mark.parametrize("place", PLACES)
def test_nothing_is_wider_than_a_phone(window: Callable[..., Any], take: str, place: str) -> None:
    desk = window(width=360, height=780, has_touch=True, locale="es-ES")
    arrive(desk, place, take)
    assert desk.page.evaluate("document.scrollingElement.scrollWidth") <= 360
    small = desk.page.evaluate("""() => [...document.querySelectorAll("button, a.button, select")].filter((one) => one.checkVisibility())
        .map((one) => [one.getBoundingClientRect(), one.outerHTML])
        .filter(([box]) => Math.min(box.width, box.height) < 24)
        .map(([, html]) => html)""")
    assert small == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1440, 900), (360, 780)])
def test_pictures_of_the_main_views(window: Callable[..., Any], take: str, tmp_path: Path, width: int, height: int, scheme: str) -> None:
    """Set TECLA_SCREENSHOTS to a folder to look at them. Something is drawn in each, and light is light."""
    folder = Path(os.environ.get("TECLA_SCREENSHOTS", tmp_path))
    desk = window(width=width, height=height, color_scheme=scheme, device_scale_factor=1.5)
    for place in PLACES:
        arrive(desk, place, take)
        desk.page.screenshot(path=folder / f"{place}-{width}-{scheme}.png")
        with Image.open(folder / f"{place}-{width}-{scheme}.png") as picture:
            grey = np.asarray(picture.convert("L"))
        assert grey.std() > 5
        assert (np.median(grey) > 128) == (scheme == "light")


def test_it_speaks_the_browsers_language_and_can_be_told_another(window: Callable[..., Any]) -> None:
    desk = window(locale="es-ES")
    desk.visit()
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("Toca. tecla lo escribe.")
    desk.page.get_by_role("button", name="EN", exact=True).click()
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("Play. tecla writes it down.")
    desk.page.reload()
    assert desk.page.evaluate("document.documentElement.lang") == "en"


def test_everything_is_reached_by_keyboard(desk: Any) -> None:
    desk.visit()
    expect(desk.page.get_by_role("heading", level=1)).to_be_visible()
    seen = []
    for _ in range(10):
        desk.page.keyboard.press("Tab")
        seen.append(desk.page.evaluate("document.activeElement.textContent.trim() || document.activeElement.getAttribute('aria-label')"))
    assert seen[:4] == ["Skip to the content", "tecla", "Library", "Live"]
    assert {"EN", "ES", "Choose files", "Record", "Play live"} <= set(seen)


def test_twenty_thousand_notes_cost_only_what_is_seen(window: Callable[..., Any], studio: Any, tmp_path: Path) -> None:
    notes = [{"onset_sec": 0.1 * i, "offset_sec": 0.1 * i + 0.09, "pitch": 36 + 7 * i % 50, "velocity": 1 + i % 127} for i in range(20_000)]
    path = tmp_path / "Endless.json"
    path.write_text(json.dumps({"notes": notes}))
    handed = studio.hand_in(path)
    desk = window()
    desk.page.add_init_script("""const fill = CanvasRenderingContext2D.prototype.fillRect; window.drawn = 0;
        CanvasRenderingContext2D.prototype.fillRect = function (...box) { window.drawn += 1; return fill.apply(this, box); };""")
    desk.visit(f"#/take/{handed['take']['id']}")
    expect(desk.page.get_by_role("button", name="Zoom in")).to_be_visible()
    while desk.page.evaluate("window.drawn") < 20_000:  # the overview draws them all, once
        desk.page.wait_for_timeout(100)
    while desk.page.evaluate("window.drawn"):  # and perhaps once more, when it has its final size
        desk.page.evaluate("window.drawn = 0")
        desk.page.wait_for_timeout(1000)
    desk.page.mouse.move(400, 400)
    desk.page.mouse.wheel(500, 0)
    while desk.page.evaluate("window.drawn") == 0:
        desk.page.wait_for_timeout(100)
    assert desk.page.evaluate("window.drawn") < 1500
