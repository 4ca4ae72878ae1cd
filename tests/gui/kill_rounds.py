"""Edits a study in a child process, kills that at random moments, and says what was lost.

python kill_rounds.py STUDY ROUNDS SEED

Three rounds more are killed while they open the study. The child says what it is about to do, does it, and
says that it is done; it is killed some random time after a random number of edits, so that a slow machine does
as many. What the study must hold is worked out here, in plain values, from what the child said: all that was
done, and at most the one edit that it was killed in, whole.
"""

from __future__ import annotations

import copy
import json
import os
import random
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "gui")]

from gazestudy_gui import commands, document  # noqa: E402
from gazestudy_gui.views.interview_edits import PutAnswers, StartInterview  # noqa: E402
from PyQt6.QtCore import QCoreApplication  # noqa: E402

from gazestudy.model.manual import ManualAnswer  # noqa: E402
from gazestudy.pipeline.checking import check_study  # noqa: E402
from gazestudy.store import is_sound, open_study  # noqa: E402

PICTURES = sorted((ROOT / "sample_sessions" / "placements").glob("*.jpg"))[:2]
RECORDING, PERSON, TALK = "p01-1", "P01", "talk"
MOST_EDITS, EDIT_S, OPENING_S, OPENINGS = 8, 0.1, 0.1, 3
PATIENCE_S = 600.0

State = dict[str, Any]
Step = list[Any]


def main() -> None:
    """Kill as often as asked and print a JSON line for each round."""
    path, rounds, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    rng = random.Random(seed)
    begun = document.StudyDocument.open(path)
    begun.edit(StartInterview(TALK, PERSON))
    begun.close()
    before, used = observed(path), Counter[str]()
    for number in range(rounds + OPENINGS):
        edits = rng.randint(1, MOST_EDITS) if number < rounds else 0
        after_s = rng.uniform(0.0, EDIT_S if edits else OPENING_S)
        child = random.Random(1000 * seed + number)
        said = killed_child(path, child, edits=edits, after_s=after_s, used=used)
        used.update(line["done"][0] for line in said if "done" in line)
        problems = check_study(path, full=True)
        found, trouble = observed(path), [line["error"] for line in said if "error" in line]
        allowed = states(before, [line for line in said if "error" not in line])
        report = {
            "after_s": after_s,
            "opening": not edits,
            "edits": sum("done" in line for line in said),
            "kinds": sorted({line["done"][0] for line in said if "done" in line}),
            "unfinished": said[-1].get("try", [""])[0] if said else "",
            "kept": found in allowed,
            "differs": [] if found in allowed else differences(allowed[0], found),
            "sound": is_sound(problems),
            "problems": [str(problem) for problem in problems if problem.severity != "info"],
            "errors": trouble,
        }
        print(json.dumps(report), flush=True)
        before = found


def killed_child(
    path: Path, rng: random.Random, *, edits: int, after_s: float, used: Counter[str]
) -> list[dict[str, Any]]:
    """Let a child edit so often, or only open the study, kill it a little later, and return what it said."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            edit_without_end(path, rng, writer, used)
        except BaseException:
            tell(writer, {"error": traceback.format_exc()})
        finally:
            os._exit(1)
    os.close(writer)
    text = read_some(reader, PATIENCE_S, edits=edits) if edits else b""
    text += read_some(reader, after_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    text += read_some(reader, PATIENCE_S, until_end=True)
    os.close(reader)
    whole = text[: text.rfind(b"\n") + 1]
    return [json.loads(line) for line in whole.splitlines()]


# ---------------------------------------------------------------------- the child


def edit_without_end(path: Path, rng: random.Random, writer: int, used: Counter[str]) -> None:
    """Edit, undo and redo; tell of each step before and after."""
    QCoreApplication([])
    opened = document.StudyDocument.open(path)
    history = History(observed_in(opened.study))
    for number in range(100_000):
        step = history.random_step(rng, number, used)
        used[step[0]] += 1
        tell(writer, {"try": step})
        perform(opened, step)
        tell(writer, {"done": step})
        history.take(step)


def tell(writer: int, line: dict[str, Any]) -> None:
    """Write a line to the parent."""
    os.write(writer, (json.dumps(line) + "\n").encode())


def perform(opened: document.StudyDocument, step: Step) -> None:
    """Do a step with the commands that the windows use."""
    word, *values = step
    if word in ("undo", "redo"):
        getattr(opened.undo_stack, word)()
    else:
        opened.edit(COMMANDS[word](opened.study, *values))


def _add_placement(_study: Any, name: str) -> commands.Edit:
    picture = next(one for one in PICTURES if one.stem.lower() == name)
    return commands.AddPlacement(name, [picture], name=name)


def _map(_study: Any, start_ns: int, place: str, x: float) -> commands.Edit:
    fact = ManualAnswer(RECORDING, start_ns, start_ns + 10_000_000, "on", place, x, 0.5)
    return commands.GiveAnswer(fact, "move fixation")


def _aoi(study: Any, place: str, name: str) -> str:
    return next(str(one.id) for one in study.aois(place) if one.name == name)


COMMANDS: dict[str, Callable[..., commands.Edit]] = {
    "rename": lambda _, name: commands.RenameStudy(name),
    "segment": lambda _, name: commands.SetSegment(PERSON, name),
    "width": lambda _, place, width_mm: commands.ChangePlacement(place, width_mm=width_mm),
    "add placement": _add_placement,
    "remove placement": lambda _, place: commands.RemovePlacement(place),
    "add AOI": lambda _, place, name, points: commands.AddAoi(place, name, points),
    "move AOI": lambda s, place, name, points: commands.ReshapeAoi(_aoi(s, place, name), name, points),
    "remove AOI": lambda s, place, name: commands.RemoveAoi(_aoi(s, place, name), name),
    "map": _map,
    "answer": lambda _, item, said: PutAnswers(TALK, item, said),
}


# ---------------------------------------------------------------------- what must be there


class History:
    """What the study holds after each step, in plain values, with what can be taken back."""

    def __init__(self, state: State) -> None:
        self.states, self.at = [state], 0

    @property
    def now(self) -> State:
        """What the study holds."""
        return self.states[self.at]

    def take(self, step: Step) -> None:
        """Take a step."""
        if step[0] == "undo":
            self.at -= 1
        elif step[0] == "redo":
            self.at += 1
        else:
            self.states[self.at + 1 :] = [changed(self.now, step)]
            self.at += 1

    def random_step(self, rng: random.Random, number: int, used: Counter[str]) -> Step:
        """Choose something that changes the study; half of the time of a kind that was used least."""
        now, mark = self.now, f"{number}-{rng.randrange(10**9)}"
        corners = [[0.0, 0.0], [float(rng.randrange(10, 400)), 0.0], [0.0, float(rng.randrange(10, 300))]]
        choices: list[Step] = [["rename", f"สยาม {mark}"], ["segment", mark],
                               ["answer", rng.choice(["walk", "ur_any"]), [mark, "แมวแดง"]]]  # fmt: skip
        choices += [["undo"]] * (3 if self.at else 0) + [["redo"]] * (3 * (self.at < len(self.states) - 1))
        places = now["placements"]
        missing = [one.stem.lower() for one in PICTURES if one.stem.lower() not in places]
        choices += [["add placement", name] for name in missing]
        for place in places:
            choices += [["width", place, 100.0 + rng.random()], ["add AOI", place, mark, corners],
                        ["map", rng.randrange(9) * 10**8, place, rng.random()]]  # fmt: skip
        if len(places) > 1:
            choices += [["remove placement", rng.choice(sorted(places))]]
        if now["aois"]:
            place, name = rng.choice(sorted(now["aois"])).split("/", 1)
            choices += [["move AOI", place, name, [[1.0, 1.0], *corners[1:]]], ["remove AOI", place, name]]
        if rng.random() < 0.5:
            least = min(used[one[0]] for one in choices)
            choices = [one for one in choices if used[one[0]] == least]
        return rng.choice(choices)


def changed(state: State, step: Step) -> State:
    """Return the state after a step that is no undo."""
    new = copy.deepcopy(state)
    word, *values = step
    if word == "rename":
        new["name"] = values[0]
    elif word == "segment":
        new["segment"] = values[0]
    elif word == "width":
        new["placements"][values[0]] = values[1]
    elif word == "add placement":
        new["placements"][values[0]] = None
    elif word == "remove placement":
        del new["placements"][values[0]]
        new["aois"] = {key: one for key, one in new["aois"].items() if not key.startswith(f"{values[0]}/")}
        new["mapping"] = {key: one for key, one in new["mapping"].items() if one[0] != values[0]}
    elif word in ("add AOI", "move AOI"):
        new["aois"][f"{values[0]}/{values[1]}"] = values[2]
    elif word == "remove AOI":
        del new["aois"][f"{values[0]}/{values[1]}"]
    elif word == "map":
        new["mapping"][str(values[0])] = values[1:]
    elif word == "answer":
        new["said"][values[0]] = values[1]
    else:
        raise ValueError(word)
    return new


def states(before: State, said: list[dict[str, Any]]) -> list[State]:
    """Return what the study may hold: all that was done, and the same with what was tried last."""
    history = History(before)
    for line in said:
        if "done" in line:
            history.take(line["done"])
    allowed = [history.now]
    if said and "try" in said[-1]:
        history.take(said[-1]["try"])
        allowed.append(history.now)
    return allowed


def observed(path: Path) -> State:
    """Return what a study holds, as plain values."""
    with open_study(path) as study:
        return observed_in(study)


def observed_in(study: Any) -> State:
    """Return what an open study holds, as plain values."""
    (person,) = [one for one in study.participants() if one.id == PERSON]
    said: dict[str, list[str]] = {}
    answers = study.interviews().interview_answers.sort_values("answer_no", kind="stable")
    for row in answers.to_dict("records"):
        said.setdefault(row["item"], []).append(row["value"])
    return {
        "name": study.name,
        "segment": person.segment,
        "placements": {one.id: one.width_mm for one in study.placements()},
        "aois": {
            f"{one.placement_id}/{one.name}": [[float(x), float(y)] for x, y in one.points_px]
            for one in study.aois()
        },
        "mapping": {
            str(one.fact.start_ns): [one.fact.placement_id, one.fact.x_share]
            for one in study.answers(RECORDING)
        },
        "said": said,
    }


def differences(wanted: State, found: State) -> list[str]:
    """Say in which parts two states differ."""
    return [f"{key}: {wanted[key]!r} != {found[key]!r}" for key in wanted if wanted[key] != found[key]]


def read_some(reader: int, seconds: float, *, edits: int = 0, until_end: bool = False) -> bytes:
    """Read for a while, until so many edits were done, or until the other side is gone."""
    os.set_blocking(reader, False)
    end, text = time.monotonic() + seconds, b""
    while time.monotonic() < end and not (edits and text.count(b'"done"') >= edits):
        try:
            piece = os.read(reader, 65536)
        except BlockingIOError:
            time.sleep(0.002)
            continue
        if not piece:
            if until_end or edits:
                break
            time.sleep(0.002)
        text += piece
    return text


if __name__ == "__main__":
    main()
