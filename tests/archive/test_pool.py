"""A process pool whose processes die: real ones, killed with kill -9. Jobs are expressions, the work is eval."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tecla.archive.pool import in_pool

POISON = "__import__('os').kill(__import__('os').getpid(), 9)"


def test_every_job_has_one_outcome() -> None:
    outcomes = list(in_pool(eval, (f"{i} * {i}" for i in range(20)), 2))
    assert sorted(outcome.result or 0 for outcome in outcomes) == [i * i for i in range(20)]
    assert all(str(outcome.result) == str(eval(outcome.job)) for outcome in outcomes)


def test_a_poisoned_job_is_given_up_and_costs_no_other() -> None:
    jobs = [f"{i} + 1" for i in range(12)]
    outcomes = list(in_pool(eval, [*jobs[:5], POISON, *jobs[5:]], 2))
    assert sorted(outcome.job for outcome in outcomes) == sorted([*jobs, POISON])
    assert [outcome.job for outcome in outcomes if outcome.result is None] == [POISON]


def test_a_worker_killed_from_outside_loses_nothing(tmp_path: Path) -> None:
    once = str(tmp_path / "killed")
    kill_once = f"7 if __import__('os').path.exists({once!r}) else (__import__('os').mkdir({once!r}), {POISON})"
    outcomes = list(in_pool(eval, ["1", kill_once, "2", "3"], 2))
    assert sorted(outcome.result or 0 for outcome in outcomes) == [1, 2, 3, 7]


def test_leaving_early_ends_the_workers() -> None:
    outcomes = in_pool(eval, ["__import__('os').getpid()", "__import__('time').sleep(600)"], 2)
    worker = next(outcomes).result
    outcomes.close()
    assert worker is not None
    assert gone(worker)


def test_workers_end_with_a_parent_that_was_killed() -> None:
    jobs = ["__import__('os').getpid()", "__import__('time').sleep(600)"]
    work = f"for outcome in in_pool(eval, {jobs!r}, 2): print(outcome.result, flush=True)"
    code = f"from tecla.archive.pool import in_pool\nif __name__ == '__main__':\n    {work}"
    path = [entry for entry in sys.path if entry]
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(path)}
    ) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    assert gone(worker)


def gone(process: int) -> bool:
    """Whether a process ends within a minute (a zombie has ended)."""
    for _ in range(1200):
        try:
            if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):  # the latter if it ends between opening and reading
            return True
        time.sleep(0.05)
    return False
