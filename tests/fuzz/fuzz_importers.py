"""Damaged recordings of every format: an import ends in a recording or in one clear line, soon, in little memory.

Run: python tests/fuzz/fuzz_importers.py [--mutations 2000] [--seed 1] [--formats NAME ...] [--only NUMBER]

Each format is imported in a process of its own with limits on time and memory. A mutation is repeated with
--formats NAME --seed S --only NUMBER.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

MAX_S = 10.0
MAX_MB = 1000.0
_STOP_S = 60.0  # whatever it does: it hangs
_ADDRESS_SPACE = 6 * 2**30  # libraries reserve far more than they use; this only stops a runaway


@dataclass
class Outcome:
    """What became of the mutations of one format."""

    runs: int = 0
    read: int = 0
    refused: int = 0
    slowest_s: float = 0.0
    peak_mb: float = 0.0
    failures: dict[str, list[int]] = field(default_factory=dict)

    def fail(self, text: str, number: int) -> None:
        self.failures.setdefault(text, []).append(number)


def exercise(path: Path) -> str:
    """Import all that lies at a path, every stream, the report and the hashes; return "read" or "refused".

    Raises
    ------
    AssertionError
        If an error has several lines, or an importer gave a table that breaks its contract.
    """
    from gazestudy.errors import GazestudyError
    from gazestudy.importers import build_report, find_recordings, read_candidate

    try:
        candidates = find_recordings(path)
    except GazestudyError as error:
        check_error(error)
        return "refused"
    result = "read"
    for candidate in candidates:
        try:
            recording = read_candidate(candidate)
        except GazestudyError as error:
            check_error(error)
            result = "refused"
            continue
        for name in recording.streams:
            try:
                recording.stream(name)
            except GazestudyError as error:
                check_error(error)
                result = "refused"
        try:
            json.dumps(build_report(recording).to_dict(), default=str)
            recording.meta.extra and json.dumps(dict(recording.meta.extra), default=str)
            str(recording.files)
        except GazestudyError as error:
            check_error(error)
            result = "refused"
    return result


def choose_loops(name: str) -> None:
    """Read lines of JSON by compiled loops where they are as written, else by the parser only."""
    from gazestudy.importers.recordings.tobii import json_lines

    json_lines.COMPILED_FROM_BYTES = 0 if name.endswith("written") else 2**60


def check_error(error: Exception) -> None:
    """Look whether an error is one clear line, and one about a file."""
    from gazestudy.errors import ParameterError, TableError

    if isinstance(error, TableError | ParameterError):
        raise AssertionError(f"{type(error).__name__} instead of InputError: {error}"[:300]) from error
    assert "\n" not in str(error), f"an error of several lines: {error!r}"[:300]


def copy_linked(sample: Path, target: Path) -> Path:
    """Copy a folder, its files as hard links where the disk can."""

    def link(source: str, destination: str) -> None:
        try:
            os.link(source, destination)
        except OSError:
            shutil.copyfile(source, destination)

    shutil.copytree(sample, target, copy_function=link)
    return target


def mutated(sample: Path, target: Path, name: str, seed: int, number: int) -> Path:
    """Return mutation `number` of a sample, made below `target`."""
    from tests.fuzz.mutations import mutate

    return mutate(copy_linked(sample, target), random.Random(f"{name} {seed} {number}"))


def worker(pipe: Connection, sample: str, name: str, seed: int, numbers: range) -> None:
    """Import the mutations one after the other and tell of each when it begins and what became of it."""
    _limit_memory()
    choose_loops(name)
    warnings.simplefilter("error")
    with tempfile.TemporaryDirectory() as root:
        exercise(Path(sample))  # loads all libraries
        gc.collect()
        gc.freeze()  # else every collection looks through all of them
        for number in numbers:
            pipe.send(("begin", number, None))
            path = mutated(Path(sample), Path(root) / "sample", name, seed, number)
            start, start_cpu = time.perf_counter(), time.process_time()
            try:
                result, detail = exercise(path), ""
            except (Exception, RecursionError) as error:
                result, detail = "failed", _where(error)
            # On a busy machine an import waits for others: more than its own time would say nothing.
            took_s = min(time.perf_counter() - start, time.process_time() - start_cpu)
            pipe.send((result, number, (took_s, _peak_mb(), detail)))
            if number % 20 == 0:
                gc.collect()
            for left in Path(root).iterdir():
                shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink()
    pipe.send(("end", -1, None))


def fuzz(sample: Path, name: str, seed: int, numbers: range) -> Outcome:
    """Import mutations of a sample in a process that is started anew when it hangs, dies or has grown."""
    outcome = Outcome()
    context = multiprocessing.get_context("spawn")
    pending = numbers
    while len(pending):
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=worker, args=(there, str(sample), name, seed, pending), daemon=True)
        process.start()
        there.close()
        pending = _follow(here, process, pending, outcome)
        process.join()
        here.close()
    return outcome


def _follow(pipe: Connection, process: Any, pending: range, outcome: Outcome) -> range:
    """Note what a worker tells; return the mutations that are left when it has stopped or was stopped."""
    number = pending.start - 1
    while True:
        try:
            if not pipe.poll(_STOP_S):
                process.kill()
                outcome.fail(f"stopped after {_STOP_S:g} s", number)
                outcome.runs += 1
                return range(number + 1, pending.stop)
            what, number, found = pipe.recv()
        except EOFError:
            outcome.fail("the process died", number)
            outcome.runs += 1
            return range(number + 1, pending.stop)
        if what == "end":
            return range(0)
        if what != "begin":
            _note(outcome, what, number, *found)
            if found[1] > MAX_MB:  # the peak does not go down again
                process.kill()
                return range(number + 1, pending.stop)


def _note(outcome: Outcome, what: str, number: int, took_s: float, peak_mb: float, detail: str) -> None:
    outcome.runs += 1
    outcome.read += what == "read"
    outcome.refused += what == "refused"
    outcome.slowest_s = max(outcome.slowest_s, took_s)
    outcome.peak_mb = max(outcome.peak_mb, peak_mb)
    if what == "failed":
        outcome.fail(detail, number)
    if took_s > MAX_S:
        outcome.fail(f"longer than {MAX_S:g} s", number)
    if peak_mb > MAX_MB:
        outcome.fail(f"more than {MAX_MB:g} MB", number)


def _where(error: BaseException) -> str:
    """Return an error and the last place of our own that it came through."""
    own = [
        one for one in traceback.extract_tb(error.__traceback__) if "gazestudy" in Path(one.filename).parts
    ]
    place = f"{Path(own[-1].filename).name}:{own[-1].lineno} {own[-1].name}" if own else "?"
    return f"{type(error).__name__} at {place}: {' '.join(str(error).split())[:160]}"


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _peak_mb() -> float:
    try:
        with Path("/proc/self/status").open(encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
    except OSError:
        return 0.0


def main() -> int:
    """Run all; the exit code is 1 if anything failed."""
    from tests.fuzz.samples import SAMPLES

    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--mutations", type=int, default=2000)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--formats", nargs="*", choices=list(SAMPLES), default=list(SAMPLES))
    words.add_argument("--only", type=int, default=None, help="repeat this mutation, in this process")
    words.add_argument("--keep", type=Path, default=None, help="with --only: leave it here")
    chosen = words.parse_args()
    bad = 0
    with tempfile.TemporaryDirectory() as root:
        for name in chosen.formats:
            sample = Path(root) / name.replace(", ", "-")
            SAMPLES[name](sample)
            if chosen.only is not None:
                choose_loops(name)
                target = chosen.keep or Path(root) / "one"
                path = mutated(sample, target, name, chosen.seed, chosen.only)
                print(path, exercise(path))
                continue
            start = time.perf_counter()
            outcome = fuzz(sample, name, chosen.seed, range(chosen.mutations))
            bad += bool(outcome.failures)
            print(
                f"{name:26} {outcome.runs:6} mutations: {outcome.read:5} read, {outcome.refused:5} refused, "
                f"{sum(map(len, outcome.failures.values())):4} FAILED; slowest {outcome.slowest_s:5.2f} s, "
                f"{outcome.peak_mb:4.0f} MB, {time.perf_counter() - start:5.0f} s",
                flush=True,
            )
            for text, numbers in sorted(outcome.failures.items(), key=lambda item: -len(item[1])):
                print(f"    {len(numbers):5} x {text} (such as {numbers[0]})", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    sys.exit(main())
