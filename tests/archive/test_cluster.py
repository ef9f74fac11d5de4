"""A real Ray cluster of two nodes on this machine: the same outcomes as the pool, a lost node, a poisoned job, lost connections."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tecla.archive.cluster import in_cluster
from tecla.archive.run import Tally, run_archive
from tecla.errors import InputError

# Ray 2.60 leaves sockets and subprocesses of its own to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::FutureWarning"
)

POISON = "__import__('os').kill(__import__('os').getpid(), 9)"
N_FILES = 24


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    small = {"num_cpus": 1, "object_store_memory": 100 * 2**20, "include_dashboard": False}
    nodes = Cluster(initialize_head=True, head_node_args=small)
    nodes.second = nodes.add_node(num_cpus=1, object_store_memory=100 * 2**20)
    nodes.wait_for_nodes()
    yield nodes
    nodes.shutdown()


def test_a_poisoned_job_costs_no_other(cluster: Any) -> None:
    jobs = [f"{i} + 1" for i in range(6)]
    outcomes = {outcome.job: outcome.result for outcome in in_cluster(eval, [*jobs[:3], POISON, *jobs[3:]], cluster.address)}
    assert outcomes == {**{job: eval(job) for job in jobs}, POISON: None}


def test_a_lost_node_loses_and_duplicates_nothing(cluster: Any, tmp_path: Path, record: Callable[..., Path]) -> None:
    for i in range(N_FILES):
        record(tmp_path / "in" / f"{i:02d}.wav", seconds=0.5, pitch=50 + i)
    seen = []

    def lose_a_node(tally: Tally) -> None:
        seen.append(tally.done)
        if len(seen) == 5:
            cluster.remove_node(cluster.second, allow_graceful=False)

    tally = run_archive([str(tmp_path / "in")], str(tmp_path / "out"), ["mid"], ray_address=cluster.address, on_progress=lose_a_node)
    assert (tally.done, tally.failed) == (N_FILES, 0)
    assert seen == list(range(1, N_FILES + 1))
    with sqlite3.connect(tmp_path / "out" / "catalogue.sqlite") as db:
        assert db.execute("SELECT count(*), count(DISTINCT source), sum(status = 'done') FROM files").fetchone() == (N_FILES,) * 3
    assert len(list((tmp_path / "out").glob("default-*/in/*.mid"))) == N_FILES
    assert not (tmp_path / "out" / ".work").exists()
    again = run_archive([str(tmp_path / "in")], str(tmp_path / "out"), ["mid"], ray_address=cluster.address)
    assert again.to_do == 0


def test_no_cluster_there() -> None:
    with pytest.raises(InputError, match="no Ray cluster answers"):
        list(in_cluster(eval, ["1"], "127.0.0.1:1"))
