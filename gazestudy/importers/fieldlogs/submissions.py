"""Submissions of phone forms (ODK, KoboToolbox): nested answers in, entries of a field log out.

Forms of `gazestudy protocol export --to xlsform` come back whole; of other forms the known items are taken,
and every other answer is kept by its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gazestudy.importers.fieldlogs.builder import SESSION_COLUMNS, LogBuilder
from gazestudy.importers.fieldlogs.mistakes import Cell
from gazestudy.importers.fieldlogs.moments import number_of
from gazestudy.model.fieldwork import ITEMS

MAX_LEVELS = 12
PERSONAL = frozenset(
    {
        "username",
        "email",
        "phonenumber",
        "deviceid",
        "simserial",
        "subscriberid",
        "SubmitterName",
        "SubmitterID",
        "DeviceID",
        "_submitted_by",
    }
)
"""Fields that tell who filled in a form; they are not kept."""

_START = ("start", "SubmissionDate", "_submission_time")
_FORM_FIELDS = frozenset(
    {
        "start",
        "end",
        "today",
        "audit",
        "meta",
        "instanceID",
        "instanceName",
        "versionID",
        "formUID",
        "rootUuid",
        "__version__",
        "formhub",
        "uuid",
        "KEY",
        "PARENT_KEY",
        "SubmissionDate",
        "AttachmentsPresent",
        "AttachmentsExpected",
        "Status",
        "ReviewState",
        "Edits",
        "FormVersion",
        "interval_no",
        "start_s",
        "end_s",
        "opened_at",
        "scan_no",
        "at_s",
        "placement_id",
        "respondent_id",
        "session_id",
    }
)
_SOUNDS_AND_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".mp3", ".m4a", ".wav", ".amr", ".ogg", ".mp4")


@dataclass(slots=True)
class Submission:
    """Answers of one form, or of one row of a repeat.

    Attributes
    ----------
    where : Cell
        Its place.
    name : str
        Name of the repeat with its number, such as "rounds[1]"; of a submission its id.
    fields : dict of str to str
        Answers by path, groups joined by "/".
    repeats : dict of str to list of Submission
        Rows of the repeats inside, by path.
    """

    where: Cell
    name: str
    fields: dict[str, str] = field(default_factory=dict)
    repeats: dict[str, list[Submission]] = field(default_factory=dict)

    def leaf(self, name: str) -> str:
        """Return the first answer of that name in any group, "" if there is none."""
        return next((text for path, text in self.fields.items() if leaf_of(path) == name and text), "")

    def groups(self) -> dict[str, dict[str, str]]:
        """Return the answers by group, names without their path."""
        found: dict[str, dict[str, str]] = {}
        for path, text in self.fields.items():
            group = path.rpartition("/")[0]
            found.setdefault(group, {})[leaf_of(path)] = text
        return found


def leaf_of(path: str) -> str:
    """Return the last part of a path of groups.

    Examples
    --------
    >>> leaf_of("rounds/counts/passed"), leaf_of("glanced__hall-east")
    ('passed', 'glanced__hall-east')
    """
    return path.rpartition("/")[2]


def dashed_path(header: str) -> str:
    """Return a path from a header of ODK Central, which joins groups by "-"; ids of placements may hold "-".

    Examples
    --------
    >>> dashed_path("counts-glanced__hall-east"), dashed_path("meta-instanceID")
    ('counts/glanced__hall-east', 'meta/instanceID')
    """
    head, mark, placement = header.partition("__")
    return head.replace("-", "/") + mark + placement


def nested(where: Cell, name: str, answers: Mapping[str, Any], level: int = 0) -> Submission:
    """Return a submission from JSON: flat paths as Kobo writes them, or nested objects as OData does."""
    found = Submission(where, name)
    for path, value in _flat(answers, "", level):
        if isinstance(value, list):
            rows = [one for one in value if isinstance(one, Mapping)]
            if rows and level < MAX_LEVELS:
                found.repeats[path] = [
                    nested(
                        Cell(f"{where.sheet}, {leaf_of(path)}", number), f"{leaf_of(path)}[{number}]",
                        {key.removeprefix(f"{path}/"): one for key, one in row.items()}, level + 1,
                    )
                    for number, row in enumerate(rows, start=1)
                ]  # fmt: skip
            continue
        found.fields[path] = _text(value)
    return found


def _flat(answers: Mapping[str, Any], prefix: str, level: int) -> Iterator[tuple[str, Any]]:
    for key, value in answers.items():
        path = f"{prefix}{key}".removesuffix("@odata.navigationLink")
        if isinstance(value, Mapping) and level < MAX_LEVELS:
            if "coordinates" in value:  # a place on the map
                yield path, " ".join(str(one) for one in value["coordinates"] or ())
            else:
                yield from _flat(value, f"{path}/", level + 1)
        elif not (key.startswith("_") and isinstance(value, list)):  # attachments, tags and the like
            yield path, value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value).strip()


def add_submission(builder: LogBuilder, submission: Submission) -> None:
    """Add the session of a submission with all its entries."""
    where = submission.where
    started, stopped = _span(builder, submission)
    session_id = submission.leaf("session_id") or submission.name
    values: dict[str, str] = {}
    asked: list[tuple[str, str, str]] = []
    media: dict[str, str] = {}
    for group, answers in submission.groups().items():
        shown = {name: text for name, text in answers.items() if text and not _is_hidden(name, group)}
        for name, text in shown.items():
            if _is_media(builder, name, text):
                media[name] = text
            elif "respondent_id" in answers or builder.plan.table_of(name) == "answers":
                asked.append((answers.get("respondent_id") or session_id, name, text))
            else:
                values[name] = text
    if not builder.session(session_id, where, started=started, stopped=stopped, values=values):
        return
    for name, text in media.items():
        builder.media(session_id, where.at(name), text, item=name)
    for person, name, text in asked:
        builder.answer(session_id, where.at(name), person, name, text)
    placement = submission.leaf("placement_id")
    for rows in submission.repeats.values():
        for row in rows:
            _add_row(builder, session_id, row, row.name, placement)


def _span(builder: LogBuilder, submission: Submission) -> tuple[datetime | None, datetime | None]:
    """Return explicit start and stop, else those of the form, with a warning."""
    where, clock = submission.where, builder.clock
    tz = submission.leaf("tz")
    started = clock.read(submission.leaf("started_at"), where.at("started_at"), tz)
    stopped = clock.read(submission.leaf("stopped_at"), where.at("stopped_at"), tz)
    if started is None:
        name = next((one for one in _START if submission.leaf(one)), "")
        started = clock.read(submission.leaf(name), where.at(name), tz) if name else None
        if started is not None:
            text = f"no started_at: {name} is taken, when the form was opened or sent"
            builder.mistakes.warn("no_start", where, text)
    if stopped is None and started is not None:
        end = clock.read(submission.leaf("end"), where.at("end"), tz) or started
        stopped = max(end, started)
        found = "the end of the form is taken" if stopped > started else "its length is not known"
        builder.mistakes.warn("no_stop", where, f"no stopped_at: {found}")
    return started, stopped


def _is_hidden(name: str, group: str) -> bool:
    if name in ("started_at", "stopped_at") or name in PERSONAL or name.startswith(("_", "how_to")):
        return True
    return name in _FORM_FIELDS or leaf_of(group) in ("meta", "formhub", "__system") or name.endswith("_note")


def _is_media(builder: LogBuilder, name: str, text: str) -> bool:
    known = builder.plan.items.get(name)
    if known is not None:
        return known.type in ("photo", "audio")
    return text.lower().endswith(_SOUNDS_AND_PICTURES) and " " not in text


def _add_row(builder: LogBuilder, session_id: str, row: Submission, path: str, placement: str) -> None:
    groups = row.groups()
    rest: dict[str, str] = {}
    for group, answers in groups.items():
        if "interval_no" in answers or "scan_no" in answers:
            _add_slice(builder, session_id, row, answers, placement)
        else:
            rest |= {name: text for name, text in answers.items() if text and not _is_kept_apart(name, group)}
    own = row.leaf("placement_id")
    at_s = builder.number(row.leaf("at_s"), row.where.at("at_s")) if "scan_no" not in _leaves(row) else None
    for name in [name for name, text in rest.items() if _is_media(builder, name, text)]:
        builder.media(session_id, row.where.at(name), rest.pop(name), item=name, at_s=at_s, placement_id=own)
    if rest:
        _add_rest(builder, session_id, row, path, rest, at_s)
    for rows in row.repeats.values():
        for inner in rows:
            _add_row(builder, session_id, inner, f"{path}/{inner.name}", placement)


def _leaves(row: Submission) -> set[str]:
    return {leaf_of(path) for path in row.fields}


def _is_kept_apart(name: str, group: str) -> bool:
    return _is_hidden(name, group) or name.endswith(("_shown", "_which", "_not_watched"))


def _add_rest(
    builder: LogBuilder, session_id: str, row: Submission, path: str, rest: dict[str, str], at_s: float | None
) -> None:
    """Add a row of a repeat that is no interval and no scan."""
    tables = {builder.plan.table_of(name) for name in rest} - {""}
    own = row.leaf("placement_id")
    leaves = _leaves(row)
    if "audits" in tables or (not tables and "placement_id" in leaves):
        builder.audit(session_id, row.where, own, rest)
    elif "notes" in tables or (not tables and "at_s" in leaves and "scan_no" not in leaves):
        builder.note(session_id, row.where, ": ".join(rest.values()), at_s=at_s, placement_id=own)
    else:
        person = row.leaf("respondent_id") or path
        for name, text in rest.items():
            builder.answer(session_id, row.where.at(name), person, name, text, placement_id=own)


def _add_slice(
    builder: LogBuilder, session_id: str, row: Submission, answers: dict[str, str], placement: str
) -> None:
    """Add the answers of an interval, a scan, or both where the form does not tell their groups."""
    where = row.where
    skipped = {
        item for name, text in answers.items() if name.endswith("_not_watched") for item in text.split()
    }
    interval = _whole(builder, answers.get("interval_no", ""), where.at("interval_no"))
    scan = _whole(builder, answers.get("scan_no", ""), where.at("scan_no"))
    start_s = builder.number(answers.get("start_s", ""), where.at("start_s"))
    end_s = builder.number(answers.get("end_s", ""), where.at("end_s"))
    at_s = builder.number(answers.get("at_s", ""), where.at("at_s"))
    for name, text in answers.items():
        item, _, of = name.partition("__")
        if not text or _is_kept_apart(name, "") or item in SESSION_COLUMNS:
            continue
        if item in skipped:
            if (number_of(text) or 0) != 0:
                told = f"{item} is {text} although it was not watched; it is left out"
                builder.mistakes.warn("not_watched", where.at(name), told)
            continue
        about = of or (placement if _is_about_placement(item) else "")
        if scan is not None and (interval is None or _is_of_scan(builder, item)):
            builder.scan(
                session_id, where.at(name), item, text, scan_no=scan, at_s=at_s or 0.0, placement_id=about
            )
        elif interval is not None and start_s is not None and end_s is not None:
            builder.count(
                session_id, where.at(name), item, text, interval_no=interval, start_s=start_s, end_s=end_s,
                placement_id=about,
            )  # fmt: skip
        else:
            builder.mistakes.problem("no_interval", where.at(name), "the interval has no start_s and end_s")


def _whole(builder: LogBuilder, text: str, where: Cell) -> int | None:
    value = builder.number(text, where, low=0)
    return None if value is None else int(value)


def _is_about_placement(item: str) -> bool:
    return (item in ITEMS and ITEMS[item].looking) or item == "blocked_percent"


def _is_of_scan(builder: LogBuilder, item: str) -> bool:
    table = builder.plan.table_of(item)
    return table == "scans" or (not table and item in ITEMS and ITEMS[item].rule == "instantaneous")
