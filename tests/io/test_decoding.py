"""Damaged sound: what can be heard of it is, in its place; what cannot is refused by name."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from tecla.errors import InputError, InputWarning
from tecla.io.audio import load_audio, open_audio

RATE = 22_050


def noise(seconds: float = 20.0) -> NDArray[np.float32]:
    """Silence but for the last second, so that its place can be told; faint noise keeps every frame busy."""
    samples = 0.01 * np.random.default_rng(0).standard_normal(round(seconds * RATE)).astype(np.float32)
    samples[-RATE:] *= 30
    return samples


def write(path: Path, samples: NDArray[np.float32] | None = None) -> bytes:
    samples = noise() if samples is None else samples
    with soundfile.SoundFile(path, "w", RATE, 1) as file:
        for start in range(0, len(samples), 4096):
            file.write(samples[start : start + 4096])
    return path.read_bytes()


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3"])
def test_a_file_cut_in_half_is_half_heard_with_a_warning(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"half{suffix}"
    path.write_bytes(write(path)[: len(write(path)) * 45 // 100])
    with pytest.warns(InputWarning, match=rf"half{suffix} is damaged or cut short: \d+\.\d of 20\.0 s could be read"):
        heard = load_audio(path)
    assert 6 < len(heard) / 16_000 < 12


@pytest.mark.parametrize("suffix", [".flac", ".ogg"])
def test_a_hole_in_the_middle_moves_nothing_after_it(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"hole{suffix}"
    data = bytearray(write(path))
    middle = len(data) // 2
    data[middle : middle + 2000] = np.random.default_rng(1).bytes(2000)
    path.write_bytes(data)
    with pytest.warns(InputWarning, match=f"hole{suffix} is damaged"):
        heard = load_audio(path)
    loud = np.flatnonzero(np.abs(heard) > 0.15)
    assert len(heard) / 16_000 == pytest.approx(20.0, abs=0.05)
    assert loud[0] / 16_000 == pytest.approx(19.0, abs=0.05)


def test_a_wav_written_to_a_pipe_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "pipe.wav"
    data = bytearray(write(path))
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    assert len(load_audio(path)) == 20 * 16_000


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("suffix", [".mp3", ".wav", ".m4a", ".aac"])
def test_random_bytes_are_refused_under_any_name(tmp_path: Path, suffix: str, seed: int, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / f"random{suffix}"
    path.write_bytes(np.random.default_rng(seed).bytes(60_000))
    with pytest.raises(InputError, match=rf"random{suffix} .*again"):
        load_audio(path)
    assert capfd.readouterr() == ("", "")  # decoders like to talk


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".ogg"])
def test_a_file_of_which_only_a_header_is_left_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"head{suffix}"
    path.write_bytes(write(path)[:30])
    with pytest.raises(InputError, match=rf"head{suffix} .*again"):
        load_audio(path)


def test_a_playlist_opens_no_other_file(tmp_path: Path) -> None:
    write(tmp_path / "secret.wav")
    for name, text in {"hls.wav": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n", "concat.wav": "ffconcat version 1.0\nfile "}.items():
        (tmp_path / name).write_text(text + "secret.wav\n")
        with pytest.raises(InputError, match="not a sound file"):
            open_audio(tmp_path / name)


def test_no_file_an_empty_one_and_a_folder_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    for name, why in {"gone.wav": "No such file", "empty.wav": "is empty", ".": "is a folder"}.items():
        with pytest.raises(InputError, match=why):
            open_audio(tmp_path / name)


def test_more_channels_than_pyav_can_read_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "ten.ogg"
    soundfile.write(path, np.tile(noise(1.0)[:, None], 10), RATE)
    with pytest.raises(InputError, match="ten.ogg has 10 channels: mix it down to at most 8"):
        load_audio(path)
