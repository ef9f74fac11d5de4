"""What comes in: dropped, recorded, broken, many at once; and what survives."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

DEMO_MIDI = Path(__file__).parents[3] / "demo" / "evening-waltz.mid"


def test_a_recording_from_the_microphone_becomes_a_take(desk: Any) -> None:
    page = desk.page
    desk.visit()
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_role("meter", name="Level")).to_be_visible()
    expect(page.get_by_label("Recorded so far")).to_have_text(re.compile(r"0:0[5-9]"))
    assert float(page.get_by_role("meter").get_attribute("aria-valuenow")) > -45  # the waltz is heard
    page.get_by_role("button", name="Stop and write it down").click()
    row = desk.row("Recording")
    expect(row.get_by_role("link")).to_be_visible()
    expect(row).to_contain_text(re.compile(r"[1-9]\d* notes"))


def asks_before_it_closes(page: Any) -> bool:
    return page.evaluate("!window.dispatchEvent(new Event('beforeunload', { cancelable: true }))")


def test_a_recording_is_kept_when_the_view_is_left_and_held_while_it_cannot_be_sent(desk: Any) -> None:
    page = desk.page
    page.route("**/api/takes", lambda route: route.abort() if route.request.method == "POST" else route.fallback())
    desk.visit()
    assert not asks_before_it_closes(page)
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.get_by_label("Recorded so far")).to_have_text(re.compile(r"0:0[1-9]"))
    assert asks_before_it_closes(page)
    page.get_by_role("button", name="ES", exact=True).click()
    failed = page.locator(".sending .failed")
    expect(failed).to_contain_text("El estudio no responde")
    page.get_by_role("link", name="En vivo", exact=True).click()
    expect(page.get_by_role("heading", name="En vivo")).to_be_visible()
    page.get_by_role("button", name="EN", exact=True).click()
    page.get_by_role("link", name="Library", exact=True).click()
    assert asks_before_it_closes(page)
    with page.expect_download() as download:
        failed.get_by_role("link", name="Download").click()
    assert Path(download.value.path()).read_bytes().startswith(b"RIFF")
    page.unroute("**/api/takes")
    failed.get_by_role("button", name="Try again").click()
    expect(desk.row("Grabación")).to_be_visible()
    expect(page.locator(".sending li")).to_have_count(0)
    assert not asks_before_it_closes(page)
    desk.complaints.clear()  # the browser notes the lost requests in its console


def test_the_notice_that_the_studio_is_gone_goes_when_it_is_back(desk: Any) -> None:
    desk.page.route("**/api/events", lambda route: route.abort())
    desk.visit()
    notice = desk.page.get_by_text("The studio does not answer: is it still running?")
    expect(notice).to_be_visible()
    desk.page.unroute("**/api/events")
    expect(notice).to_have_count(0)
    desk.complaints.clear()


def test_a_take_opened_while_it_is_heard_opens_when_it_is_ready(desk: Any, studio: Any, sound: Path, long_sound: Path) -> None:
    page = desk.page
    long = studio.hand_in(long_sound, "Opened early.wav")
    desk.visit(f"#/take/{long['take']['id']}")
    expect(page.get_by_role("progressbar", name="Working on Opened early")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled.")).to_be_visible()
    soon = studio.hand_in(sound, "Opened soon.wav")
    desk.visit(f"#/take/{soon['take']['id']}")
    expect(page.get_by_role("textbox", name="Name")).to_have_value("Opened soon")
    desk.settled_page()
    assert studio.http.delete(f"/api/takes/{long['take']['id']}").status_code == 204


def test_a_file_dragged_from_the_desktop_is_taken_in(desk: Any, sound: Path) -> None:
    """The browser's own drag, with files on the disk, as the system hands them over."""
    desk.visit()
    zone = desk.page.get_by_role("region", name="Bring music in")
    box = zone.bounding_box()
    assert box is not None
    browser = desk.page.context.new_cdp_session(desk.page)

    def drag(kind: str) -> None:
        data = {"items": [], "files": [str(sound), str(DEMO_MIDI)], "dragOperationsMask": 1}
        browser.send("Input.dispatchDragEvent", {"type": kind, "x": box["x"] + 60, "y": box["y"] + 30, "data": data})

    drag("dragEnter")
    drag("dragOver")
    expect(zone).to_have_class(re.compile(r"\bover\b"))
    drag("drop")
    expect(zone).not_to_have_class(re.compile(r"\bover\b"))
    for name in ("Evening waltz", "evening-waltz"):
        expect(
            desk.row(name).filter(has_text="recording" if name == "Evening waltz" else "notes").get_by_role("link").first
        ).to_be_visible()
    assert desk.page.url == desk.url  # the studio is still there


def test_a_job_survives_a_reload_and_can_be_cancelled(desk: Any, long_sound: Path) -> None:
    page = desk.page
    desk.visit()
    desk.drop(long_sound)
    row = desk.row("Long evening")
    expect(row.locator("progress[value]")).to_be_visible()
    page.reload()
    expect(row.locator("progress")).to_be_visible()
    row.get_by_role("button", name="Cancel").click()
    expect(row).to_contain_text("Cancelled.")
    page.reload()
    expect(row).to_contain_text("Cancelled.")
    row.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)


def test_a_file_that_is_too_large_is_told_before_it_is_sent(desk: Any, studio: Any, sound: Path) -> None:
    about = studio.http.get("/api/about").json()
    about["limits"]["upload_bytes"] = 2**20
    desk.page.route("**/api/about", lambda route: route.fulfill(json=about))
    desk.page.route("**/api/takes", lambda route: route.abort() if route.request.method == "POST" else route.fallback())
    desk.visit()
    desk.drop(sound)
    expect(desk.page.get_by_role("alert")).to_have_text("Evening waltz.wav is larger than 1 MiB: cut it into parts")


def test_a_corrupt_file_is_told_in_plain_words(desk: Any) -> None:
    page = desk.page
    desk.visit()
    desk.drop({"name": "Noise.wav", "mimeType": "audio/wav", "buffer": bytes(range(256)) * 40})
    told = page.locator(".sending .failed .state, li.take.failed .why").first
    expect(told).to_contain_text(re.compile("Noise.* or is damaged"))
    assert "Traceback" not in told.inner_text()
    desk.complaints.clear()  # the browser notes every answer of 4xx in its console
    expect(page.get_by_role("button", name="Choose files")).to_be_enabled()


def test_ten_files_at_once_all_arrive(desk: Any) -> None:
    desk.visit()
    desk.drop(*({"name": f"Tenfold {i}.mid", "mimeType": "audio/midi", "buffer": DEMO_MIDI.read_bytes()} for i in range(10)))
    for i in range(10):
        expect(desk.row(f"Tenfold {i}").get_by_role("link")).to_be_visible()
    desk.page.get_by_role("searchbox").fill("tenfold 7")
    expect(desk.page.locator("li.take")).to_have_count(1)
    desk.page.get_by_role("searchbox").fill("no such take")
    expect(desk.page.get_by_text("No take is called")).to_be_visible()


def test_a_take_is_renamed_and_deleted(desk: Any) -> None:
    page = desk.page
    desk.visit()
    desk.drop({"name": "Draft name.mid", "mimeType": "audio/midi", "buffer": DEMO_MIDI.read_bytes()})
    desk.row("Draft name").get_by_role("button", name="Rename").click()
    field = page.get_by_role("textbox", name="Rename")
    field.fill("<b>Final name")
    field.press("Enter")
    row = desk.row("<b>Final name")
    expect(row.get_by_role("link")).to_be_visible()  # as text: a name never becomes markup
    row.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Keep it").click()
    expect(row).to_have_count(1)
    row.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)


def test_a_row_stays_under_the_finger_while_news_of_it_comes(desk: Any, studio: Any) -> None:
    page = desk.page
    desk.visit()
    desk.drop({"name": "Steady.mid", "mimeType": "audio/midi", "buffer": DEMO_MIDI.read_bytes()})
    button = desk.row("Steady").get_by_role("button", name="Rename")
    button.focus()
    button.evaluate("button => { button.dataset.mine = 'yes'; }")
    (take,) = [take for take in studio.http.get("/api/takes").json() if take["name"] == "Steady"]
    studio.http.patch(f"/api/takes/{take['id']}", json={"name": "Steadier"})
    expect(desk.row("Steadier").get_by_role("link")).to_be_visible()
    assert page.evaluate("[document.activeElement.dataset.mine, document.activeElement.ariaLabel]") == ["yes", "Rename Steadier"]
    page.keyboard.press("Enter")
    field = page.get_by_role("textbox", name="Rename")
    field.fill("Steadiest")
    studio.http.patch(f"/api/takes/{take['id']}", json={"name": "From elsewhere"})
    page.wait_for_timeout(500)
    expect(field).to_have_value("Steadiest")  # what is being typed is not taken away
    field.press("Enter")
    expect(desk.row("Steadiest").get_by_role("link")).to_be_focused()
