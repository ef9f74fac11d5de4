"""Sound files and arrays: what is heard is what was recorded, at any rate, width and length."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from tecla.errors import InputError, InputWarning, OptionError, OutputError
from tecla.io.audio import AudioSource, array_source, load_audio, open_audio, save_audio


def sine(seconds: float = 1.0, sample_rate: int = 16_000, hz: float = 440.0) -> NDArray[np.float32]:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * sample_rate)) / sample_rate)).astype(np.float32)


def write_av(path: Path, samples: NDArray[np.float32], sample_rate: int, codec: str, with_picture: bool = False, title: str = "") -> None:
    """A file through FFmpeg's encoders, with a few black pictures where it is to be a video."""
    with av.open(str(path), "w") as container:
        picture = container.add_stream("mpeg4", rate=5) if with_picture else None
        sound = container.add_stream(codec, rate=sample_rate, layout="mono")
        if picture is not None:
            picture.width, picture.height, picture.pix_fmt = 32, 32, "yuv420p"
            for _ in range(5):
                container.mux(picture.encode(av.VideoFrame(32, 32, "yuv420p")))
            container.mux(picture.encode(None))
        container.metadata["title"] = title
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = sample_rate, 0
        container.mux(sound.encode(frame))
        container.mux(sound.encode(None))


@pytest.mark.parametrize("sample_rate", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000])
def test_a_tone_keeps_its_pitch_level_and_place_at_any_rate(tmp_path: Path, sample_rate: int) -> None:
    soundfile.write(tmp_path / "a.wav", sine(1.0, sample_rate), sample_rate)
    heard, expected = load_audio(tmp_path / "a.wav"), sine()
    assert len(heard) == 16_000
    assert np.abs(heard - expected)[1000:-1000].max() < 0.01


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_every_sample_width_has_the_same_full_scale(tmp_path: Path, subtype: str) -> None:
    soundfile.write(tmp_path / "a.wav", sine(), 16_000, subtype)
    assert np.abs(load_audio(tmp_path / "a.wav") - sine()).max() < 0.01


@pytest.mark.parametrize(("suffix", "tolerance"), [(".wav", 1e-4), (".flac", 1e-4), (".mp3", 0.02), (".ogg", 0.05)])
def test_what_is_saved_is_heard_again_at_the_same_time(tmp_path: Path, suffix: str, tolerance: float) -> None:
    save_audio(tmp_path / f"a{suffix}", sine(), 16_000)
    heard = load_audio(tmp_path / f"a{suffix}")
    assert len(heard) == pytest.approx(16_000, abs=200)
    assert np.abs(heard[1000:15000] - sine()[1000:15000]).max() < tolerance


@pytest.mark.parametrize(("name", "codec"), [("a.m4a", "aac"), ("a.mp4", "aac"), ("a.webm", "libopus"), ("a.opus", "libopus")])
def test_what_telephones_record_is_heard_in_its_place(tmp_path: Path, name: str, codec: str) -> None:
    click = np.zeros(48_000, np.float32)
    click[24_000:24_480] = sine(0.01, 48_000, 2000.0)
    write_av(tmp_path / name, click, 48_000, codec, with_picture=name == "a.mp4")
    heard = load_audio(tmp_path / name)
    assert np.argmax(np.abs(heard)) / 16_000 == pytest.approx(0.505, abs=0.006)


def test_tags_in_an_old_encoding_do_no_harm(tmp_path: Path) -> None:
    write_av(tmp_path / "a.mkv", sine(1.0, 48_000), 48_000, "aac", title="Etüde")
    data = (tmp_path / "a.mkv").read_bytes()
    (tmp_path / "a.mkv").write_bytes(data.replace("Etüde".encode(), b"Et\xfc\xfcde"))
    assert len(load_audio(tmp_path / "a.mkv")) == pytest.approx(16_000, abs=200)


def test_channels_that_cancel_are_heard_by_one() -> None:
    tone = (0.5 * np.sin(np.arange(1600) / 5)).astype(np.float32)
    source = array_source(np.stack([tone, -0.99 * tone], 1), 16_000)
    np.testing.assert_array_equal(np.concatenate(list(source.read())), tone)


def test_channels_are_averaged(tmp_path: Path) -> None:
    six = np.zeros((16_000, 6), np.float32)
    six[:, 2] = sine()
    soundfile.write(tmp_path / "a.wav", six, 16_000)
    source = open_audio(tmp_path / "a.wav")
    assert (source.sample_rate, source.channels, source.duration_sec) == (16_000, 6, 1.0)
    assert np.abs(load_audio(tmp_path / "a.wav") - sine() / 6).max() < 1e-3


def test_a_source_can_be_read_again(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", sine(3.0, 44_100), 44_100)
    source = open_audio(tmp_path / "a.wav")
    assert np.array_equal(np.concatenate(list(source.blocks())), np.concatenate(list(source.blocks())))


def test_blocks_leave_no_seams() -> None:
    tone = sine(10.0, 44_100)

    def dribble() -> Iterator[NDArray[np.float32]]:
        for start in range(0, len(tone), 777):
            yield tone[start : start + 777]

    whole = np.concatenate(list(array_source(tone, 44_100).blocks()))
    parts = np.concatenate(list(AudioSource("parts", 44_100, 1, 10.0, dribble).blocks()))
    assert len(whole) == len(parts) == 160_000
    assert np.abs(whole - parts).max() < 1e-4  # soxr's own rounding


def test_samples_that_are_no_numbers_are_silence_with_a_warning(tmp_path: Path) -> None:
    samples = sine()
    samples[4000:4010] = np.nan
    samples[5000] = np.inf
    soundfile.write(tmp_path / "a.wav", samples, 16_000, "FLOAT")
    with pytest.warns(InputWarning, match=r"a.wav holds 11 samples that are not numbers"):
        heard = load_audio(tmp_path / "a.wav")
    assert np.isfinite(heard).all()
    assert np.abs(heard[:3000] - sine()[:3000]).max() < 1e-3


def test_one_broken_channel_does_not_silence_the_other(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.stack([sine(), np.full(16_000, np.nan, np.float32)], axis=1), 16_000, "FLOAT")
    assert np.abs(load_audio(tmp_path / "a.wav")).max() == pytest.approx(0.25, abs=0.01)


def test_numbers_beyond_all_measure_do_not_overflow(tmp_path: Path) -> None:
    samples = np.stack([sine(), sine()], axis=1).astype(np.float64)
    samples[100] = (np.inf, -np.inf)
    samples[200] = 1e300
    soundfile.write(tmp_path / "a.wav", samples, 16_000, "DOUBLE")
    with pytest.warns(InputWarning, match="holds 2 samples"):
        assert np.isfinite(load_audio(tmp_path / "a.wav")).all()


@pytest.mark.parametrize("name", ["Op. 9: Nocturne.wav", "100 %d.wav", "-o.wav", "é ü.wav"])
def test_a_file_may_have_any_name(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    soundfile.write(name, sine(), 16_000)
    assert len(load_audio(name)) == 16_000


def test_a_constant_offset_is_taken_out(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", 0.1 * sine(8.0) + 0.4, 16_000, "FLOAT")
    assert np.abs(load_audio(tmp_path / "a.wav") - 0.1 * sine(8.0)).max() < 1e-3


def test_nothing_but_nan_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "nan.wav", np.full(16_000, np.nan, np.float32), 16_000, "FLOAT")
    with pytest.raises(InputError, match=r"nan.wav holds only samples that are not numbers"):
        load_audio(tmp_path / "nan.wav")


def test_a_header_without_samples_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "none.wav", np.zeros(0, np.float32), 16_000)
    with pytest.raises(InputError, match=r"none.wav holds no sound"):
        load_audio(tmp_path / "none.wav")


def test_a_rate_no_recording_has_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "slow.wav", sine(), 50)
    with pytest.raises(InputError, match=r"slow.wav has a sample rate of 50 Hz"):
        open_audio(tmp_path / "slow.wav")


@pytest.mark.parametrize("shape", [(16_000,), (16_000, 2), (2, 16_000)])
def test_arrays_may_have_channels_on_either_side(shape: tuple[int, ...]) -> None:
    array = np.broadcast_to(sine()[:, None], (16_000, 2)) if shape == (16_000, 2) else np.broadcast_to(sine(), shape)
    source = array_source(array, 16_000)
    assert source.duration_sec == 1.0
    assert np.abs(np.concatenate(list(source.blocks())) - sine()).max() < 1e-3


def test_integer_arrays_have_their_types_full_scale() -> None:
    heard = np.concatenate(list(array_source((sine() * 32767).astype(np.int16), 16_000).blocks()))
    assert np.abs(heard - sine()).max() < 1e-3


def test_what_is_no_sound_array_is_refused() -> None:
    with pytest.raises(InputError, match=r"shape \(0,\)"):
        array_source(np.zeros(0), 16_000)
    with pytest.raises(InputError, match=r"shape \(2, 2, 2\)"):
        array_source(np.zeros((2, 2, 2)), 16_000)
    with pytest.raises(OptionError, match="sample_rate is 1 Hz"):
        array_source(sine(), 1)


def test_saving_clips_and_keeps_channels(tmp_path: Path) -> None:
    save_audio(tmp_path / "a.flac", np.stack([3 * sine(), -3 * sine()], axis=1), 16_000)
    samples, _ = soundfile.read(tmp_path / "a.flac")
    assert samples.shape == (16_000, 2)
    assert samples.max() > 0.999
    assert samples.min() == -1.0


def test_long_vorbis_and_streams_of_blocks_are_saved_whole(tmp_path: Path) -> None:
    save_audio(tmp_path / "a.ogg", (np.zeros((50_000, 2), np.float32) for _ in range(60)), 44_100)
    assert open_audio(tmp_path / "a.ogg").duration_sec == pytest.approx(60 * 50_000 / 44_100)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".ogg"])
def test_left_and_right_stay_where_they_are(tmp_path: Path, suffix: str) -> None:
    both = np.stack([sine(), 0 * sine()], 1)
    save_audio(tmp_path / f"a{suffix}", np.split(both, 10), 16_000)
    left, right = soundfile.read(tmp_path / f"a{suffix}")[0][2000:14000].T
    assert np.abs(left).max() == pytest.approx(np.abs(sine()).max(), rel=0.05)
    assert np.abs(right).max() < 0.005


@pytest.mark.parametrize("suffix", [".wav", ".mp3"])
def test_what_the_music_itself_raises_is_not_blamed_on_the_disk(tmp_path: Path, suffix: str) -> None:
    def broken() -> Iterator[NDArray[np.float32]]:
        yield sine()
        raise ValueError("out of tune")

    with pytest.raises(ValueError, match="^out of tune$"):
        save_audio(tmp_path / f"a{suffix}", broken(), 16_000)
    assert list(tmp_path.iterdir()) == []


def test_a_format_that_is_not_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"a.xyz cannot be written: tecla writes sound as .wav, .flac, .ogg, .mp3"):
        save_audio(tmp_path / "a.xyz", sine(), 16_000)
    with pytest.raises(OutputError, match=r"a.mp3 cannot be written"):
        save_audio(tmp_path / "a.mp3", sine(), 96_000)
    assert list(tmp_path.iterdir()) == []
