"""Edits a study in a child process, kills that at random moments, and says what was lost.

python kill_rounds.py STUDY ROUNDS SEED
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "gui")]

from gazestudy_gui.commands import AddAoi, AddPlacement, ChangePlacement, RemovePlacement  # noqa: E402
from gazestudy_gui.document import StudyDocument  # noqa: E402
from PyQt6.QtCore import QCoreApplication  # noqa: E402

from gazestudy.store import check_study, is_sound, open_study  # noqa: E402

_CORNERS = [(0.0, 0.0), (9.0, 0.0), (0.0, 9.0)]


def main() -> None:
    """Kill as often as asked and print a JSON line for each round."""
    study, rounds, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    rng = random.Random(seed)
    known: set[str] = set()
    for number in range(rounds):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            edit(study, number, writer)
        os.close(writer)
        told = read_some(reader, rng.uniform(0.3, 1.5))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        told += read_some(reader, 5.0, until_end=True)
        os.close(reader)
        known |= set(told)
        with open_study(study) as opened:
            there = {aoi.name for aoi in opened.aois()}
            placements = [place.id for place in opened.placements()]
        problems = check_study(study, full=True)
        print(
            json.dumps(
                {
                    "edits": len(told),
                    "lost": sorted(known - there),
                    "placements": placements,
                    "sound": is_sound(problems),
                    "problems": [str(problem) for problem in problems if problem.severity != "info"],
                }
            ),
            flush=True,
        )


def edit(study: Path, number: int, writer: int) -> None:
    """Edit without end; tell of each AOI as soon as it is on the disk."""
    QCoreApplication([])
    document = StudyDocument.open(study)
    pictures = sorted((ROOT / "sample_sessions" / "placements").glob("*.jpg"))[:2]
    first = pictures[0].stem
    if len(document.study.placements()) < 2:  # it was killed between removing and undoing
        document.edit(AddPlacement(pictures[1].stem, [pictures[1]]))
    second = pictures[1].stem
    for step in range(10_000):
        name = f"{number}-{step}"
        document.edit(AddAoi(first, name, _CORNERS))
        os.write(writer, f"{name}\n".encode())
        document.edit(ChangePlacement(first, width_mm=float(step + 1)))
        document.edit(RemovePlacement(second))
        document.undo_stack.undo()


def read_some(reader: int, seconds: float, *, until_end: bool = False) -> list[str]:
    """Read whole lines for a while, or until the other side is gone."""
    os.set_blocking(reader, False)
    end, text = time.monotonic() + seconds, b""
    while time.monotonic() < end:
        try:
            piece = os.read(reader, 65536)
        except BlockingIOError:
            time.sleep(0.002)
            continue
        if not piece and until_end:
            break
        text += piece
    return text.decode().split()


if __name__ == "__main__":
    main()
