"""A real Ray cluster of two nodes on this machine, and everything that may happen to it, on one archive, one thing after the other.

TECLA_CLUSTER_FILES=1000 does it to a thousand recordings instead of some dozens.
"""

import os
import resource
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tecla.archive.cluster import in_cluster
from tecla.archive.listening import Heard, Job, hear
from tecla.archive.run import Tally, run_archive
from tecla.errors import InputError, OutputError

# Ray 2.60 leaves sockets and subprocesses of its own to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::FutureWarning"
)

os.environ.setdefault("RAY_worker_niceness", "0")  # by itself Ray lets its workers wait for everything else that runs
N_FILES = int(os.environ.get("TECLA_CLUSTER_FILES", "32"))
LONGEST_SEC = max(300, 2 * N_FILES)
NODE: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 100 * 2**20}


def test_each_failure_in_its_turn_loses_and_duplicates_nothing(
    tmp_path: Path, record: Callable[..., Path], command: Callable[..., "subprocess.Popen[str]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    sounds, archive, full = tmp_path / "in", tmp_path / "out", tmp_path / "full"
    for i in range(N_FILES - 1):
        record(sounds / f"{i:04d}.wav", seconds=1.0, pitch=40 + i % 50)
    record(sounds / "poisoned.wav", seconds=1.1)  # the longest comes first
    words = (sounds, "-o", archive, "--to", "mid", "--ray")

    with two_nodes() as nodes:
        told = []

        def happen(tally: Tally) -> None:
            told.append(tally.done + tally.failed)
            if told[-1] == N_FILES // 8:
                os.kill(at_work(), signal.SIGKILL)
            if told[-1] == N_FILES // 5:
                nodes.remove_node(nodes.second, allow_graceful=False)
            if told[-1] == N_FILES // 3:
                full.touch()

        monkeypatch.setattr("tecla.archive.run.hear", on_a_bad_day(full))
        with pytest.raises(OutputError, match="cannot be written"):
            run_archive([str(sounds)], str(archive), ["mid"], ray_address=nodes.address, on_progress=happen)
        rest()
        assert told == list(range(1, len(told) + 1))
        assert len(told) >= N_FILES // 3
        ((error,),) = rows(archive, "SELECT error FROM files WHERE status = 'failed'")
        assert "died" in error
        assert n_done(archive) == n_results(archive) == len(told) - 1

        full.unlink()
        join(nodes, NODE)
        running = command(*words, nodes.address)
        wait_for(archive, N_FILES // 2)
        os.kill(running.pid, signal.SIGINT)  # Ctrl-C
        _, said = running.communicate(timeout=300)
        assert running.returncode == 130, said

        running = command(*words, nodes.address)
        wait_for(archive, 5 * N_FILES // 8)
        os.killpg(running.pid, signal.SIGKILL)  # a reboot: whoever runs the command, and both nodes
        running.communicate(timeout=300)

    finished = n_done(archive)
    with two_nodes() as nodes:
        running = command(*words, nodes.address)
        out, said = running.communicate(timeout=LONGEST_SEC)
        assert running.returncode == 0, said
    assert f"{N_FILES - finished} of {N_FILES - finished} recordings done" in out
    ((n_rows, n_sources),) = rows(archive, "SELECT count(*), count(DISTINCT source) FROM files")
    assert n_rows == n_sources == n_done(archive) == n_results(archive) == N_FILES
    assert not (archive / ".work").exists()


def test_no_cluster_there() -> None:
    with pytest.raises(InputError, match="no Ray cluster answers"):
        list(in_cluster(eval, ["1"], "127.0.0.1:1"))


def test_workers_on_a_gpu_take_their_share_of_it_and_keep_their_process(tmp_path: Path, record: Callable[..., Path]) -> None:
    """The GPU is one in name only: what Ray hands out is right, and what onnxruntime then says without CUDA is one line."""

    def where(_: int) -> tuple[str, float, str, int]:
        import ray

        time.sleep(0.05)
        context = ray.get_runtime_context()
        return context.get_node_id(), context.get_assigned_resources()["GPU"], os.environ["CUDA_VISIBLE_DEVICES"], os.getpid()

    record(tmp_path / "in" / "a.wav")
    with two_nodes(num_cpus=3, num_gpus=1) as nodes:
        seen = [outcome.result for outcome in in_cluster(where, range(12), nodes.address, gpus=0.5)]
        assert {result[:3] for result in seen if result} == {(nodes.second.node_id, 0.5, "0")}
        assert len({result[3] for result in seen if result}) == 2
        with pytest.raises(OutputError, match="cannot work on this archive: onnxruntime knows no GPU here"):
            run_archive([str(tmp_path / "in")], str(tmp_path / "out"), ["mid"], ray_address=nodes.address, gpus_per_worker=0.5)
        nodes.remove_node(nodes.second, allow_graceful=False)
        with pytest.raises(InputError, match="has no GPU"):
            list(in_cluster(where, [0], nodes.address, gpus=0.5))


@contextmanager
def two_nodes(**second: Any) -> Iterator[Any]:
    """A cluster that ends as by a power cut; `second` says what its second node has."""
    from ray.cluster_utils import Cluster

    nodes = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
    try:
        nodes.second = join(nodes, {**NODE, **second})
        yield nodes
    finally:
        for node in reversed(nodes.list_all_nodes()):
            nodes.remove_node(node, allow_graceful=False)
        nodes.shutdown()


def join(nodes: Any, node: dict[str, Any], tries: int = 3) -> Any:
    """Ray gives a node 30 s to come up, which a busy machine may not keep; it is dead then."""
    try:
        added = nodes.add_node(**node)
    except Exception:
        if tries == 1:
            raise
        return join(nodes, node, tries - 1)
    nodes.wait_for_nodes()
    return added


def on_a_bad_day(full: Path) -> Callable[[Job], Heard]:
    """Hears as ever, unless the file is poisoned, which no known one is any more, or there is no room on the disk."""

    def bad_day(job: Job) -> Heard:
        if "poisoned" in job.stem:
            os.kill(os.getpid(), signal.SIGKILL)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        if full.exists():
            resource.setrlimit(resource.RLIMIT_FSIZE, (20, before[1]))
        try:
            return hear(job)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return bad_day


def at_work() -> int:
    """One of them; between two files there may be none."""
    for _ in range(20 * LONGEST_SEC):
        if found := workers():
            return min(found)
        time.sleep(0.05)
    pytest.fail("nobody is at work")


def rest() -> None:
    """Who leaves a cluster leaves no work behind there."""
    for _ in range(600):
        if not workers():
            return
        time.sleep(0.05)
    pytest.fail("work goes on that nobody waits for")


def workers() -> list[int]:
    """The processes of this process's cluster that hear."""
    told = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    lines = [line.split(None, 2) for line in told.splitlines()]
    parents = {int(pid): int(parent) for pid, parent, *_ in lines}

    def ours(pid: int) -> bool:
        return pid == os.getpid() or (pid in parents and ours(parents[pid]))

    return [int(pid) for pid, _, *args in lines if args and args[0].startswith("ray::task") and ours(int(pid))]


def rows(archive: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(archive / "catalogue.sqlite")) as catalogue:
        return catalogue.execute(query).fetchall()


def n_done(archive: Path) -> int:
    return rows(archive, "SELECT count(*) FROM files WHERE status = 'done'")[0][0]


def n_results(archive: Path) -> int:
    return len(list(archive.glob("default-*/in/*.mid")))


def wait_for(archive: Path, n_files: int) -> None:
    for _ in range(20 * LONGEST_SEC):
        if n_done(archive) >= n_files:
            return
        time.sleep(0.05)
    pytest.fail("the run does not get on")
