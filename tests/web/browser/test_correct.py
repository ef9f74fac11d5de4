"""From a sound file to a corrected page and out again, by hand, in the browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

import tecla
from tecla import workbench


def test_upload_roll_page_edit_export(desk: Any, studio: Any, sound: Path, tmp_path: Path) -> None:
    page = desk.page
    desk.visit()
    desk.drop({"name": "Round trip.wav", "mimeType": "audio/wav", "buffer": sound.read_bytes()})
    desk.row("Round trip").get_by_role("link").click()
    expect(page.locator(".page g.note").first).to_be_visible()
    take = page.url.rsplit("/", 1)[-1]
    heard = studio.http.get(f"/api/takes/{take}/versions/1").json()["notes"]
    assert len(heard) > 20

    page.locator(".page g.notehead").nth(2).click()
    expect(page.locator(".what")).to_contain_text(" s")
    chosen = page.locator(".what").inner_text()
    page.locator(".roll canvas").last.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("]")
    assert page.locator(".what").inner_text().split("·")[0] != chosen.split("·")[0]
    desk.settled_page()
    page.get_by_role("button", name="Save version").click()
    expect(page.get_by_role("combobox", name="Version")).to_have_value("2")
    expect(page.get_by_role("button", name="Save version")).to_be_disabled()

    assert studio.http.get(f"/api/takes/{take}/versions/1").json()["notes"] == heard  # what was heard is never written over
    corrected = studio.http.get(f"/api/takes/{take}/versions/2").json()["notes"]
    changed = [(old, new) for old, new in zip(heard, corrected, strict=True) if old["pitch"] != new["pitch"]]
    assert [(new["pitch"] - old["pitch"], new["velocity"] - old["velocity"]) for old, new in changed] == [(1, 4)]

    files = {suffix: tmp_path / f"out.{suffix}" for suffix in ("mid", "pdf", "json")}
    for suffix, path in files.items():
        page.locator("details.menu summary").click()
        with page.expect_download() as download:
            page.get_by_role("link", name=re.compile(rf"^{suffix}", re.I)).click()
        download.value.save_as(path)
        page.keyboard.press("Escape")
    assert sorted(tecla.load(files["mid"]).notes["pitch"]) == sorted(note["pitch"] for note in corrected)
    assert len(workbench.load(files["json"])) == len(corrected)
    assert files["pdf"].read_bytes().startswith(b"%PDF")


def test_every_correction_can_be_undone(desk: Any, take: str) -> None:
    page = desk.page
    desk.open_take(take)
    page.locator(".roll canvas").last.focus()
    page.keyboard.press("Control+a")
    count = int(page.locator(".what").inner_text().split()[0])
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    for key in ("ArrowUp", "Control+ArrowRight", ".", "[", "Delete"):
        page.keyboard.press(key)
    page.keyboard.press("Control+a")
    expect(page.locator(".what")).to_have_text(f"{count - 1} notes")
    expect(page.get_by_role("button", name="Save version")).to_be_enabled()
    for _ in range(5):
        page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    expect(page.get_by_role("button", name="Save version")).to_be_disabled()
    page.get_by_role("button", name="Redo").click()
    expect(page.get_by_role("button", name="Save version")).to_be_enabled()


def test_notes_are_added_moved_and_stretched_by_hand(desk: Any, take: str) -> None:
    page = desk.page
    desk.open_take(take)
    box = page.locator(".roll").bounding_box()
    assert box is not None
    x, y = box["x"] + 130, box["y"] + 60  # high up: empty ground
    page.mouse.dblclick(x, y)
    expect(page.locator(".what")).to_contain_text("s")
    name, times = page.locator(".what").inner_text().split("·")
    begin, end = (float(part) for part in re.findall(r"[\d.]+", times))
    assert 0.3 < end - begin < 0.5
    page.mouse.move(x + 4, y)
    page.mouse.down()
    page.mouse.move(x + 104, y + 90, steps=4)
    page.mouse.up()
    expect(page.locator(".what")).not_to_contain_text(name.strip())
    _, times = page.locator(".what").inner_text().split("·")
    assert float(re.findall(r"[\d.]+", times)[0]) > begin + 0.5
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".what")).to_contain_text(name.strip())
    page.get_by_role("button", name="Delete the selected notes").click()
    expect(page.locator(".what")).to_contain_text("Press a note")


def test_the_page_obeys_wishes_and_a_draft_outlives_a_reload(desk: Any, take: str) -> None:
    page = desk.page
    desk.open_take(take)
    page.get_by_label("Metre").select_option("4/4")
    page.get_by_label("Key", exact=True).select_option("-2")
    desk.settled_page()
    expect(page.locator(".engraved")).to_contain_text("4/4")
    expect(page.locator(".engraved")).to_contain_text("2♭")
    bars = page.locator(".engraved").inner_text()
    page.get_by_role("button", name="Twice as fast").click()
    desk.settled_page()
    assert page.locator(".engraved").inner_text() != bars
    page.get_by_role("button", name="Bar lines one beat later").click()
    desk.settled_page()
    page.on("dialog", lambda dialog: dialog.accept())  # "leave without saving?"
    page.reload()
    expect(page.get_by_label("Metre")).to_have_value("4/4")
    expect(page.get_by_role("button", name="Save version")).to_be_enabled()
    while page.get_by_role("button", name="Undo").is_enabled():
        page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Metre")).to_have_value("")
    desk.settled_page()


def test_each_version_keeps_its_corrections_and_what_is_done_elsewhere_is_learnt(desk: Any, studio: Any) -> None:
    page = desk.page
    notes = [{"onset_sec": i / 2, "offset_sec": i / 2 + 0.4, "pitch": 60 + i % 12} for i in range(24)]
    take = studio.hand_in_notes("Two windows.json", notes)["take"]["id"]
    base = f"/api/takes/{take}"
    version = page.get_by_role("combobox", name="Version")
    save = page.get_by_role("button", name="Save version")
    studio.http.post(f"{base}/versions", json={"parent": 1, "notes": notes[1:]})
    desk.open_take(take)
    correct(page, "Delete")
    page.route("**/versions", lambda route: route.abort() if route.request.method == "POST" else route.fallback())
    save.click()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("The studio does not answer")).to_have_count(2)
    expect(page.get_by_text("Saved as a new version.")).to_have_count(0)
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.unroute("**/versions")
    desk.complaints.clear()  # the browser notes the lost requests in its console

    version.select_option("1")
    expect(save).to_be_disabled()
    correct(page, "ArrowUp")
    with page.expect_response(lambda answer: drawn_notes(answer) == 22):
        version.select_option("2")
    expect(save).to_be_enabled()
    desk.visit("#/")
    assert studio.http.delete(f"{base}/versions/2").status_code == 204
    with page.expect_response(lambda answer: drawn_notes(answer) == 22):
        desk.open_take(take)  # the correction of what is gone lies on what is left
    expect(version).to_have_value("1")
    expect(save).to_be_enabled()

    assert studio.http.patch(base, json={"name": "Renamed elsewhere"}).status_code == 200
    expect(page.get_by_role("textbox", name="Name")).to_have_value("Renamed elsewhere")
    desk.settled_page()
    assert studio.http.delete(base).status_code == 204
    expect(page.get_by_text("“Renamed elsewhere” was deleted in another window.")).to_be_visible()
    expect(page.get_by_role("heading", name="Takes")).to_be_visible()


def drawn_notes(answer: Any) -> int:
    """How many notes the page of a draft was asked for."""
    return len(answer.request.post_data_json["notes"]) if answer.url.endswith("/page") and answer.request.method == "POST" else 0


def correct(page: Any, key: str) -> None:
    """Changes the first note."""
    page.locator(".roll canvas").last.focus()
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    page.keyboard.press(key)


def test_notes_move_together_and_one_is_added_without_a_mouse(desk: Any, studio: Any) -> None:
    page = desk.page
    notes = [{"onset_sec": 1 + i / 2, "offset_sec": 1.4 + i / 2, "pitch": 60 + i % 48} for i in range(96)]
    take = studio.hand_in_notes("By keyboard.json", notes)["take"]["id"]
    desk.open_take(take)
    page.get_by_role("slider", name="Position").fill("45")  # far out of sight
    expect(page.locator(".page .sounding").first).to_be_in_viewport()
    box = page.locator(".roll").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 12)  # on the ruler: the roll is there, too
    assert float(page.get_by_role("slider", name="Position").input_value()) > 30
    page.locator(".roll canvas").last.focus()
    for key in ("Control+a", "Shift+ArrowUp", "Escape", "Home", "ArrowRight", "n", "Enter", "Shift+L"):
        page.keyboard.press(key)
    expect(page.get_by_role("button", name=re.compile("^Loop"))).to_have_attribute("aria-pressed", "true")
    for _ in range(17):
        page.get_by_role("button", name="Bar lines one beat later").click()
    desk.settled_page()
    page.keyboard.press("Control+s")
    expect(page.get_by_role("combobox", name="Version")).to_have_value("2")
    kept = studio.http.get(f"/api/takes/{take}/versions/2").json()
    assert kept["wishes"]["barline_shift_beats"] == 16
    assert (kept["notes"][0]["onset_sec"], kept["notes"][0]["pitch"]) == (0, 61)
    assert [note["pitch"] for note in kept["notes"][1:]] == [note["pitch"] + 1 for note in notes]  # 107 has one key above it


def test_the_page_is_transposed_and_its_notes_still_lead_to_the_roll(desk: Any, take: str) -> None:
    page = desk.page
    desk.open_take(take)
    expect(page.locator(".engraved")).to_contain_text("1♯")
    page.locator(".page g.notehead").nth(2).click()
    played = page.locator(".what").inner_text()
    page.get_by_label("Transpose to").select_option("-2")
    desk.settled_page()
    expect(page.locator(".engraved")).to_contain_text("2♭")
    page.keyboard.press("Escape")
    page.locator(".page g.notehead").nth(2).click()
    expect(page.locator(".what")).to_have_text(played)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Transpose to")).to_have_value("")
    desk.settled_page()
    expect(page.locator(".engraved")).to_contain_text("1♯")


def test_a_repeat_is_written_once_and_lights_and_is_found_both_times(desk: Any, studio: Any, tmp_path: Path) -> None:
    page = desk.page
    tune = tmp_path / "Twice.abc"
    tune.write_text("X:1\nT:Twice\nM:4/4\nL:1/4\nQ:1/4=60\nK:G\n|:GABc|d2B2|ecAc|B2G2|FGAB|c2A2|dcBA|G4:|\n")
    desk.open_take(studio.hand_in(tune)["take"]["id"])
    heads = page.locator(".page g.note")
    expect(heads).to_have_count(46)
    page.get_by_role("checkbox", name="Repeats").check()
    expect(heads).to_have_count(23)
    expect(page.locator(".engraved")).to_contain_text("16 bars")  # that are played
    for sec in ("0.5", "32.5"):  # after the first note, the first time and the second
        page.get_by_role("slider", name="Position").fill(sec)
        expect(heads.nth(0)).to_have_class(re.compile(r"\bsounding\b"))
        page.keyboard.press("Escape")
        page.locator(".roll canvas").last.focus()
        page.keyboard.press("ArrowRight")
        expect(heads.nth(1)).to_have_class(re.compile(r"\bpicked\b"))
        expect(page.locator(".page .picked")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("checkbox", name="Repeats")).not_to_be_checked()
    expect(heads).to_have_count(46)


def test_printing_prints_the_page_alone(desk: Any, take: str) -> None:
    desk.open_take(take)
    sheets = desk.page.locator(".page").count()
    desk.page.emulate_media(media="print")
    expect(desk.page.locator(".page").first).to_be_visible()
    for rest in (".masthead", ".player", ".roll", ".wishes", ".take-head"):
        expect(desk.page.locator(rest)).to_be_hidden()
    printed = desk.page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == sheets


def test_a_long_page_tells_how_far_it_is_and_may_be_given_up(desk: Any, studio: Any, take: str) -> None:
    page, path = desk.page, f"/api/takes/{take}/versions"
    notes = [{"onset_sec": i / 8, "offset_sec": i / 8 + 0.1, "pitch": 40 + i * 7 % 40} for i in range(4000)]  # seconds of engraving
    version = studio.http.post(path, json={"parent": 1, "notes": notes}).json()["version"]
    desk.visit(f"#/take/{take}")
    expect(page.get_by_role("progressbar", name="Engraving")).to_be_visible()
    with page.expect_event("requestfailed", lambda request: request.url.endswith(f"/{version}/page")):
        page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("The page is not up to date.")).to_be_visible()
    page.get_by_role("button", name="Engrave", exact=True).click()
    expect(page.get_by_role("progressbar", name="Engraving")).to_be_visible()
    page.get_by_role("button", name="Delete this version").click()
    with page.expect_event("requestfailed", lambda request: request.url.endswith(f"/{version}/page")):  # not refused later on
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    desk.open_take(take)
    assert version not in [kept["version"] for kept in studio.http.get(path).json()]


def test_pages_out_of_sight_are_drawn_when_they_are_needed(desk: Any, studio: Any) -> None:
    page = desk.page
    notes = [{"onset_sec": i / 4, "offset_sec": i / 4 + 0.2, "pitch": 40 + i * 7 % 40} for i in range(1200)]
    handed = studio.hand_in_notes("Many pages.json", notes)
    desk.open_take(handed["take"]["id"])
    drawn = page.locator(".page > svg")
    pages = page.locator(".page").count()
    assert drawn.count() < pages
    page.get_by_role("slider", name="Position").fill("290")  # far out of sight
    expect(page.locator(".page .sounding").first).to_be_attached()
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    expect(drawn).to_have_count(pages)
