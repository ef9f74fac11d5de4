"""Strangers' networks and scores in processes of their own: the same answers, and deaths that cost one request."""

import math
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from tecla import apart
from tecla.errors import InputError
from tecla.io.xmlwriter import score_to_xml
from tecla.music import Performance
from tecla.rendering.sheet import draw_pages
from tecla.rendering.verovio_process import VEROVIO
from tecla.transcription.network import Network, find_weights
from tecla.weights import session
from tecla.weights.card import check_answers
from tecla.workbench import engrave

BILLIONS = numpy_helper.from_array(np.array(1 << 62, np.int64), "many")
TRUE = numpy_helper.from_array(np.array(True), "true")
SHAPE = numpy_helper.from_array(np.array([1 << 34], np.int64), "shape")


@pytest.fixture(autouse=True)
def _no_process_is_left() -> None:
    apart.end_all()


def graph(path: Path, nodes: list, *constants: object, shape: tuple[int, ...] = (1, 2)) -> Path:
    """Writes a network from `features`, of this shape, to `keys`."""
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name, size in (("features", shape), ("keys", None))]
    whole = helper.make_graph(nodes, "g", ends[:1], ends[1:], initializer=list(constants))
    path.write_bytes(helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString())
    return path


def endless(path: Path) -> Path:
    """A network that counts to 2^62."""
    values = [
        helper.make_tensor_value_info(name, kind, shape)
        for name, kind, shape in (
            ("i", TensorProto.INT64, []), ("on", TensorProto.BOOL, []), ("x", TensorProto.FLOAT, None),
            ("still", TensorProto.BOOL, []), ("y", TensorProto.FLOAT, None),
        )
    ]  # fmt: skip
    body = helper.make_graph(
        [helper.make_node("Identity", ["on"], ["still"]), helper.make_node("Identity", ["x"], ["y"])], "b", values[:3], values[3:]
    )
    return graph(path, [helper.make_node("Loop", ["many", "true", "features"], ["keys"], body=body)], BILLIONS, TRUE)


def test_a_network_elsewhere_answers_as_the_shipped_one_here(tmp_path: Path) -> None:
    copy = tmp_path / "copy.onnx"
    copy.write_bytes(find_weights("default").read_bytes())
    features = np.random.default_rng(0).normal(size=(3, 90, 396)).astype(np.float32)
    here, elsewhere = (Network(path) for path in (find_weights("default"), copy))
    wanted = here(features)
    with ThreadPoolExecutor(2) as threads:
        for heard in threads.map(elsewhere, [features] * 4):
            np.testing.assert_array_equal(heard.keys, wanted.keys)
            np.testing.assert_array_equal(heard.pedals, wanted.pedals)


def test_a_network_that_never_ends_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "STRANGERS", replace(session.STRANGERS, most_sec=1))
    network = session.open_network(endless(tmp_path / "endless.onnx"))
    with pytest.raises(InputError, match=r"endless\.onnx keeps onnxruntime busy without end; use weights"):
        network.run(None, {"features": np.zeros((1, 2), np.float32)})


def test_a_network_that_wants_64_gigabytes_is_refused_and_the_next_request_is_answered(tmp_path: Path) -> None:
    bomb = [helper.make_node("ConstantOfShape", ["shape"], ["z"]), helper.make_node("ReduceSum", ["z"], ["keys"], keepdims=0)]
    network = session.open_network(graph(tmp_path / "bomb.onnx", bomb, SHAPE))
    with pytest.raises(InputError, match=r"bomb\.onnx cannot be used as a network"):
        network.run(None, {"features": np.zeros((1, 2), np.float32)})
    gentle = session.open_network(graph(tmp_path / "gentle.onnx", [helper.make_node("Neg", ["features"], ["keys"])]))
    (negative,) = gentle.run(["keys"], {"features": np.array([[1, 2]], np.float32)})
    assert negative.tolist() == [[-1, -2]]


def test_a_network_that_dies_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = session.open_network(endless(tmp_path / "endless.onnx"))
    apart.end_all()
    begun: list[apart._Process] = []
    begin = apart._Process.__init__
    monkeypatch.setattr(apart._Process, "__init__", lambda self, trade: (begun.append(self), begin(self, trade))[1])
    threading.Timer(0.5, lambda: os.kill(begun[0]._process.pid, signal.SIGSEGV)).start()
    with pytest.raises(InputError, match=r"endless\.onnx crashes onnxruntime \(SIGSEGV\); use weights") as caught:
        network.run(None, {"features": np.zeros((1, 2), np.float32)})
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems send no signal when a pipe is closed")
def test_a_process_ends_in_the_middle_of_its_work_with_whoever_started_it(tmp_path: Path) -> None:
    script = f"""
import os, threading, numpy as np
from pathlib import Path
from tecla import apart
from tecla.weights import session
from tecla.weights.card import check_answers
network = session.open_network(Path({str(endless(tmp_path / "endless.onnx"))!r}))
print(apart._idle[session.STRANGERS][0]._process.pid, flush=True)
network.run(None, {{"features": np.zeros((1, 2), np.float32)}})
"""
    environment = os.environ | {"PYTHONPATH": str(Path(apart.__file__).parents[1])}
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        stat = Path("/proc", parent.stdout.readline().strip(), "stat")
        while int(stat.read_text().rpartition(")")[2].split()[11]) < 100:  # a second's work: it counts
            time.sleep(0.05)
        parent.kill()
    until = time.monotonic() + 60
    while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_process_that_dies_of_what_it_read_before_costs_the_next_request_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    same = graph(tmp_path / "same.onnx", [helper.make_node("Identity", ["features"], ["keys"])])
    feeds = {"features": np.ones((1, 2), np.float32)}
    network = session.open_network(same)
    network.run(None, feeds)
    (idle,) = apart._idle[session.STRANGERS]
    monkeypatch.setattr(apart._Process, "alive", True)  # as it seemed when it was chosen
    idle._process.kill()
    idle._process.wait()
    assert np.array_equal(network.run(None, feeds)[0], feeds["features"])


def test_verovio_that_dies_costs_one_page() -> None:
    short, long = (score_to_xml(engrave(scale(n_notes))) for n_notes in (8, 300))
    assert len(draw_pages(short)) == 1
    (process,) = apart._idle[VEROVIO]

    def kill(*_: int) -> None:
        os.kill(process._process.pid, signal.SIGABRT)
        process._process.wait()

    with pytest.raises(InputError, match=r"the score crashes verovio \(SIGABRT\); write \.musicxml"):
        draw_pages(long, kill)
    assert len(draw_pages(short)) == 1


def scale(n_notes: int) -> Performance:
    onset_sec = np.arange(n_notes) / 4
    return Performance.from_arrays(onset_sec, onset_sec + 0.2, 60 + np.arange(n_notes) % 12, 70)


def test_a_network_of_another_kind_is_named_with_what_it_answers(tmp_path: Path) -> None:
    same = graph(tmp_path / "same.onnx", [helper.make_node("Identity", ["features"], ["keys"])], shape=(1, 3, 5, 4))
    with pytest.raises(InputError, match=r"same\.onnx is no network for this: .* 1 x 3 x 5 x 4, not of 5 x 88 x 6 and 5 x 4"):
        Network(same)(np.zeros((3, 5, 4), np.float32))


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.5), (-0.5, 1.0), (math.nan, math.nan)])
def test_beliefs_that_are_none_are_refused(low: float, high: float) -> None:
    check_answers(Path("a.onnx"), [np.zeros((2, 3)), np.ones(0)], [(2, 3), (0,)], 0, 1)
    with pytest.raises(InputError, match=r"a\.onnx is no network for this: it answers with \S+ to \S+, not 0 to 1"):
        check_answers(Path("a.onnx"), [np.array([low, high])], [(2,)], 0, 1)


@pytest.mark.parametrize("location", ["../secret.bin", "{folder}/secret.bin", "link.bin", "/proc/self/environ"])
def test_a_network_reads_no_file_outside_its_folder(tmp_path: Path, location: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.bin").write_bytes(bytes(8))
    (tmp_path / "in" / "link.bin").symlink_to(tmp_path / "secret.bin")
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1, 2], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location.format(folder=tmp_path)), ("length", "8")):
        weight.external_data.add(key=key, value=value)
    path = graph(tmp_path / "in" / "a.onnx", [helper.make_node("Add", ["features", "w"], ["keys"])], weight)
    with pytest.raises(InputError, match=r"a\.onnx cannot be used as a network"):
        session.open_network(path)
