"""Listening, playing live, going on, comparing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

DEMO_MIDI = Path(__file__).parents[3] / "demo" / "evening-waltz.mid"


def seconds(text: str) -> float:
    minutes, rest = text.split(":")
    return 60 * float(minutes) + float(rest)


def test_the_cursor_follows_the_sound_in_roll_and_page(desk: Any, take: str) -> None:
    page = desk.page
    desk.open_take(take)
    clock = page.locator(".player .clock").first
    for source in ("Original", "Piano", "L | R"):
        page.get_by_role("radio", name=source).check()
        page.get_by_role("slider", name="Position").fill("2")
        page.get_by_role("button", name="Play", exact=True).click()
        expect(page.locator(".page .sounding").first).to_be_attached()
        expect(clock).to_have_text(re.compile(r"0:0[3-9]"))
        page.get_by_role("button", name="Pause").click()
        stopped = clock.inner_text()
        page.wait_for_timeout(200)
        assert clock.inner_text() == stopped


def test_a_passage_loops_at_half_speed_and_the_same_pitch(desk: Any, take: str) -> None:
    page = desk.page
    page.add_init_script("""const Whole = window.Audio; window.players = [];
        window.Audio = function (...given) { const player = new Whole(...given); window.players.push(player); return player; };""")
    desk.open_take(take)
    box = page.locator(".roll").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 150, box["y"] + 12)
    page.mouse.down()
    page.mouse.move(box["x"] + 230, box["y"] + 12, steps=4)
    page.mouse.up()
    page.get_by_role("button", name=re.compile("^Loop")).click()
    page.get_by_label("Speed").select_option("0.5")
    page.get_by_role("button", name="Metronome").click()
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_timeout(5000)
    for _ in range(5):
        page.wait_for_timeout(300)
        assert seconds(page.locator(".player .clock").first.inner_text()) < 3.5  # without the loop it would be past the passage
    assert page.evaluate("[players[0].playbackRate, players[0].preservesPitch]") == [0.5, True]
    page.get_by_role("button", name="Pause").click()


def test_live_notes_appear_while_the_microphone_hears_them(desk: Any, studio: Any) -> None:
    page = desk.page
    desk.visit("#/live")
    page.get_by_role("button", name="Listen to the microphone").click()
    expect(page.locator(".latency")).to_have_text(re.compile(r"\d+ ms from the sound"))
    expect(page.locator(".live-strip .clock")).to_have_text(re.compile(r"0:0[6-9]"))
    page.get_by_role("button", name="Stop and keep").click()
    expect(page.get_by_text("Kept: it is in the library.")).to_be_visible()
    assert any(take["name"].startswith("Live") for take in studio.http.get("/api/takes").json())


MIDI_KEYBOARD = """
const keyboard = { name: "Test piano", onmidimessage: null };
navigator.requestMIDIAccess = async () => ({ inputs: new Map([["1", keyboard]]), outputs: new Map() });
window.play = (...bytes) => keyboard.onmidimessage({ data: new Uint8Array(bytes), timeStamp: performance.now() });
"""


def test_what_is_played_on_a_midi_keyboard_is_written_down(desk: Any, studio: Any) -> None:
    page = desk.page
    page.add_init_script(MIDI_KEYBOARD)
    desk.visit("#/live")
    page.get_by_role("button", name="Play a MIDI keyboard").click()
    expect(page.get_by_text("Test piano")).to_be_visible()
    for message in ([0xB0, 64, 127], [0x90, 60, 80], [0x92, 64, 100]):
        page.evaluate("message => play(...message)", message)
    page.wait_for_timeout(500)
    for message in ([0x80, 60, 0], [0x92, 64, 0], [0xB0, 64, 0], [0x90, 72, 30], [0xB0, 1, 99], [0xFE]):  # the last key is still down
        page.evaluate("message => play(...message)", message)
    page.wait_for_timeout(300)
    page.get_by_role("button", name="Stop and keep").click()
    expect(page.get_by_text("Kept: it is in the library.")).to_be_visible()
    kept = next(take for take in studio.http.get("/api/takes").json() if take["name"].startswith("Live") and take["kind"] == "notes")
    version = studio.http.get(f"/api/takes/{kept['id']}/versions/1").json()
    assert [(note["pitch"], note["velocity"]) for note in version["notes"]] == [(60, 80), (64, 100), (72, 30)]
    assert all(note["offset_sec"] - note["onset_sec"] >= 0.25 for note in version["notes"])
    assert [(move["number"], move["value"]) for move in version["pedals"]] == [(64, 127), (64, 0)]


def test_what_is_played_live_is_kept_when_the_view_is_left(desk: Any, studio: Any) -> None:
    page = desk.page
    page.add_init_script(MIDI_KEYBOARD)
    desk.visit("#/live")
    page.get_by_role("button", name="Play a MIDI keyboard").click()
    expect(page.get_by_text("Test piano")).to_be_visible()
    for message in ([0x90, 40, 80], [0x80, 40, 0]):
        page.evaluate("message => play(...message)", message)
    page.get_by_role("link", name="Library", exact=True).click()
    expect(page.get_by_text("Kept: it is in the library.")).to_be_visible()
    kept = studio.http.get("/api/takes").json()[0]
    assert [note["pitch"] for note in studio.http.get(f"/api/takes/{kept['id']}/versions/1").json()["notes"]] == [40]


def test_it_goes_on_and_one_answer_is_kept(desk: Any, studio: Any, take: str) -> None:
    page = desk.page
    desk.open_take(take)
    versions = page.get_by_role("combobox", name="Version").locator("option")
    before = versions.count()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("Model").locator("option:checked")).to_have_text("Piano")
    page.get_by_label("Length").fill("4")
    page.get_by_role("button", name="Go on playing").click()
    expect(page.get_by_role("button", name="Keep", exact=True)).to_have_count(2, timeout=120_000)
    expect(versions).to_have_count(before + 2)
    page.get_by_role("button", name="Keep", exact=True).first.click()
    expect(versions).to_have_count(before + 1)  # the other is dropped
    expect(page.get_by_role("combobox", name="Version").locator("option:checked")).to_contain_text("continued")
    page.get_by_role("button", name="Delete this version").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("combobox", name="Version").locator("option:checked")).not_to_contain_text("continued")

    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Suggestions").fill("1")
    page.get_by_label("Length").fill("4")
    page.get_by_role("button", name="Go on playing").click()
    expect(versions).to_have_count(before + 1, timeout=120_000)
    page.get_by_role("link", name="Library", exact=True).click()
    expect(page.get_by_role("heading", name="Takes")).to_be_visible()
    page.wait_for_timeout(500)
    assert len(studio.http.get(f"/api/takes/{take}/versions").json()) == before  # what was not kept is forgotten


def test_a_reference_shows_what_was_missed_and_made_up(desk: Any, studio: Any, take: str) -> None:
    page = desk.page
    handed = studio.hand_in(DEMO_MIDI, "What was written.mid")
    if handed["job"]:
        studio.wait(handed["job"]["id"])
    desk.open_take(take)
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^What was written")).click()
    expect(page.locator(".verdict p")).to_contain_text("missed")
    precision = int(re.findall(r"precision (\d+)", page.locator(".verdict p").inner_text())[0])
    assert precision > 80
    expect(page.get_by_label("Colours show")).to_have_value("verdict")
