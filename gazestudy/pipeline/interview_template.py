"""Interview forms for a study: targets and foils put in, in another random order for every person."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gazestudy.errors import ParameterError
from gazestudy.exporters.csv_tables import csv_text
from gazestudy.model.interview import interview_table
from gazestudy.protocol import Protocol, load_protocol, parse_protocol
from gazestudy.protocol.targets import TARGETS, export_protocol, target_path
from gazestudy.store import Study
from gazestudy.store.atomic import write_bytes

MANY_PICTURES = 40
_READ_OUT = {"th": "อ่าน", "vi": "Đọc", "zh": "念出"}


@dataclass(frozen=True, slots=True)
class InterviewForms:
    """What was written.

    Attributes
    ----------
    paths : tuple of Path
        The forms.
    key : Path
        CSV with the pictures of each person in their order, and which of them are foils; for the interviewer.
    pictures : DataFrame
        The same: participant_id, position, stimulus, shown, placement_id, brand, category, image.
    dropped : tuple of str
        What the target cannot hold.
    doubts : tuple of str
        What is not as a recognition test should be.
    """

    paths: tuple[Path, ...]
    key: Path
    pictures: pd.DataFrame
    dropped: tuple[str, ...]
    doubts: tuple[str, ...]


def choose_pictures(
    stimuli: pd.DataFrame,
    station_of: dict[str, str],
    *,
    station: str = "",
    foils_per_target: float = 1.0,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, list[str]]:
    """Choose and mix the pictures that a person is shown.

    Parameters
    ----------
    stimuli : DataFrame
        Contract `STIMULI`.
    station_of : dict of str to str
        Station of each placement.
    station : str, optional
        Where this person walked: what hangs only elsewhere is a foil for this person, so that every creative
        is a target for some and a foil for others. Empty: all targets are targets.
    foils_per_target : float, default 1
        How many foils are wanted; more of the same categories come first.
    rng : Generator
        Source of randomness.

    Returns
    -------
    tuple of (DataFrame, list of str)
        Rows of `STIMULI` in the order of showing, with `shown` and `placement_id` as they are for this
        person, and what is not as it should be.

    Examples
    --------
    >>> known = interview_table("stimuli", [
    ...     {"stimulus": "a", "shown": "target", "placement_id": "hall"}, {"stimulus": "b", "shown": "foil"}])
    >>> shown, doubts = choose_pictures(known, {"hall": "Siam"}, rng=np.random.default_rng(1))
    >>> sorted(shown["stimulus"]), doubts
    (['a', 'b'], [])
    """
    targets = stimuli[stimuli["shown"] == "target"]
    here = [not station or station_of.get(place, "") == station for place in targets["placement_id"]]
    wanted = targets[here]
    elsewhere = targets[~np.array(here, dtype=bool)]
    twins = set(wanted["brand"].str.casefold()) - {""}
    elsewhere = elsewhere[~elsewhere["brand"].str.casefold().isin(list(twins))]
    pool = pd.concat([stimuli[stimuli["shown"] == "foil"], elsewhere], ignore_index=True)
    need = int(np.ceil(foils_per_target * len(wanted)))
    order = rng.permutation(len(pool))
    alike = pool["category"].isin(list(set(wanted["category"]) - {""})).to_numpy()
    first = sorted(order.tolist(), key=lambda place: not alike[place])[:need]
    foils = pool.iloc[first].assign(shown="foil", placement_id="")
    doubts = []
    if wanted.empty:
        doubts.append("no picture of a placement is there: nothing can be recognised")
    if len(foils) < need or foils.empty:
        text = (
            f"{len(foils)} foils for {len(wanted)} targets: add foils, or guessing cannot be told from memory"
        )
        doubts.append(text)
    if len(wanted) + len(foils) > MANY_PICTURES:
        doubts.append(f"{len(wanted) + len(foils)} pictures tire people out; show each person a part of them")
    shown = pd.concat(
        [wanted.astype({"shown": "object"}), foils.astype({"shown": "object"})], ignore_index=True
    )
    mixed = shown.iloc[rng.permutation(len(shown))].reset_index(drop=True)
    return interview_table("stimuli", mixed), doubts


def stimuli_of_study(study: Study) -> pd.DataFrame:
    """Return the targets and foils of a study; placements without a target are targets by their own id."""
    known = study.stimuli()
    there = set(known["placement_id"]) | set(known["stimulus"])
    more = [
        {
            "stimulus": placement.id,
            "name": placement.name,
            "shown": "target",
            "placement_id": placement.id,
            "image": placement.creatives[0].image if placement.creatives else "",
        }
        for placement in study.placements()
        if placement.id not in there
    ]
    if not more:
        return known
    rows = [*known.to_dict("records"), *more]
    return interview_table("stimuli", rows)


def with_pictures(protocol: Protocol, pictures: pd.DataFrame, *, rng: np.random.Generator) -> Protocol:
    """Return an interview document with pictures as its placements, and categories and brands to be read out.

    Parameters
    ----------
    protocol : Protocol
        The document.
    pictures : DataFrame
        From `choose_pictures`; their order is kept.
    rng : Generator
        Mixes categories and brands.
    """
    document: dict[str, Any] = json.loads(json.dumps(protocol.to_dict()))
    document["placements"] = [
        {
            "code": row["stimulus"],
            "label": dict.fromkeys(protocol.languages, row["name"] or row["stimulus"]),
        }
        for row in pictures.to_dict("records")
    ]
    lists = {
        name: rng.permutation(sorted(set(pictures[column]) - {""})).tolist()
        for name, column in (("ar_cat", "category"), ("ar_brand", "brand"))
    }
    for block in document["blocks"]:
        for item in block.get("items", ()):
            if lists.get(item["id"]):
                item["definition"] = {
                    language: _to_read_out(item.get("definition") or {}, language, lists[item["id"]])
                    for language in protocol.languages
                }
    return parse_protocol(json.dumps(document, ensure_ascii=False))


def _to_read_out(told: dict[str, str], language: str, words: list[str]) -> str:
    return f"{told.get(language, '')} {_READ_OUT.get(language, 'Read out')}: {', '.join(words)}".strip()


def target_of(out: Path) -> str:
    """Return the target that the ending of a file says, "xlsx" where it says none.

    Examples
    --------
    >>> target_of(Path("forms/P01.pdf")), target_of(Path("forms"))
    ('pdf', 'xlsx')
    """
    named = out.suffix.lower().removeprefix(".")
    return named if named in TARGETS else "xlsx"


def write_interview_forms(
    study: Study,
    out: Path,
    *,
    target: str = "xlsx",
    protocol: str = "post_task_interview",
    participants: Sequence[str] = (),
    station: str = "",
    foils_per_target: float = 1.0,
    language: str | None = None,
    paper: str = "A4",
    seed: int = 1,
    overwrite: bool = False,
) -> InterviewForms:
    """Write interview forms with the pictures of a study.

    Parameters
    ----------
    study : Study
        Its placements, targets and foils.
    out : Path
        The form, which gets the ending of the target where it has none; a folder with one form for each
        person where there are several, or for CSV.
    target : str, default "xlsx"
        One of the targets of protocols: pdf, xlsx, csv, xlsform, html.
    protocol : str, optional
        A protocol document with a block about pictures, or the name of a shipped one.
    participants : sequence of str, optional
        Pseudonyms: one form each, in an order of its own. Empty: one form in one order.
    station, foils_per_target
        As in `choose_pictures`.
    language, paper, overwrite
        As in `export_protocol`.
    seed : int, default 1
        With the pseudonym it gives the order of pictures.

    Returns
    -------
    InterviewForms

    Raises
    ------
    ParameterError
        If there is no such target, or the study has no picture to show.
    InputError
        If something is at `out` already.
    """
    if len(participants) <= 1:
        out = target_path(target, out)
    document = load_protocol(protocol)
    stimuli = stimuli_of_study(study)
    if stimuli.empty:
        raise ParameterError("study", study.path.name, "a study with placements, or with targets and foils")
    station_of = {placement.id: placement.station or "" for placement in study.placements()}
    people = tuple(participants) or ("",)
    suffix = TARGETS[target].suffix
    paths: list[Path] = []
    dropped: dict[str, None] = {}
    doubts: dict[str, None] = {}
    if not participants:
        doubts["one form has one order of pictures: name the participants for an order of their own"] = None
    tables: list[pd.DataFrame] = []
    for person in people:
        rng = np.random.default_rng([seed, zlib.crc32(person.encode("utf-8"))])
        pictures, doubtful = choose_pictures(
            stimuli, station_of, station=station, foils_per_target=foils_per_target, rng=rng
        )
        doubts |= dict.fromkeys(doubtful)
        path = out if len(people) == 1 else out / f"{person}{suffix}"
        done = export_protocol(
            with_pictures(document, pictures, rng=rng),
            target,
            path,
            language=language,
            paper=paper,
            sessions=(f"interview-{person}",) if person else (),
            overwrite=overwrite,
        )
        paths.append(done.path)
        dropped |= dict.fromkeys(done.dropped)
        tables.append(pictures.assign(participant_id=person, position=range(1, len(pictures) + 1)))
    key = pd.concat(tables, ignore_index=True)
    columns = [
        "participant_id",
        "position",
        *(name for name in key if name not in ("participant_id", "position")),
    ]
    key = key[columns]
    folder = out if len(people) > 1 or not suffix else out.parent
    where = folder / ("pictures.csv" if folder == out else f"{out.stem}-pictures.csv")
    write_bytes(where, csv_text(key).encode("utf-8"))
    return InterviewForms(tuple(paths), where, key, tuple(dropped), tuple(doubts))
