"""What people write as answers, and what it means: yes and no in four languages, scales, lists, lines."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from gazestudy.importers.fieldlogs.moments import number_of
from gazestudy.model.interview import CONFIDENCE, QUESTION_BANK, Question

_YES = frozenset(("yes", "y", "true", "1", "x", "ja", "oui", "ใช่", "จำได้", "có", "vâng", "是", "有"))
_NO = frozenset(
    ("no", "n", "false", "0", "nein", "non", "ไม่", "ไม่ใช่", "ไม่มี", "ไม่ได้", "không", "否", "没有", "不是")
)
_SURE = {
    "1": "guess", "2": "fairly", "3": "sure", "guessing": "guess", "fairly sure": "fairly", "sure": "sure",
    "เดา": "guess", "ค่อนข้างแน่ใจ": "fairly", "แน่ใจ": "sure", "đoán": "guess", "khá chắc": "fairly",
    "chắc chắn": "sure", "猜的": "guess", "比较肯定": "fairly", "肯定": "sure",
}  # fmt: skip
_NUMBERED = re.compile(r"^\s*(?:\(?\d{1,2}[.):]\s*|[-*•–]\s+)")
_ABOUT = re.compile(r"^(?P<about>[^:：=→]{1,60}?)\s*[:：=→]\s*(?P<value>.+)$")
_COLUMN = re.compile(r"^(?P<item>[A-Za-z][A-Za-z0-9_]*?)(?:__|[.\[(])(?P<about>.+?)[\])]?$")

PERSONAL = frozenset(
    (
        *("name", "full_name", "first_name", "last_name", "surname", "email", "e-mail", "phone_number"),
        *("telephone", "tel", "mobile", "address", "line_id", "citizen_id", "passport", "birthday"),
        *("ชื่อ", "ชื่อ-สกุล", "นามสกุล", "อีเมล", "เบอร์โทร", "โทรศัพท์", "ที่อยู่"),
        *("họ tên", "số điện thoại", "địa chỉ", "姓名", "电话", "邮箱", "地址"),
    )
)
"""Columns that tell who somebody is, whatever the protocol says."""


def plain(text: str) -> str:
    r"""Return text for comparison: one spelling (NFC), small letters, single blanks.

    Examples
    --------
    >>> plain(" Ca\u0300  PHÊ ")
    'cà phê'
    """
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def lines_of(text: str) -> list[str]:
    r"""Return the entries of a list that was written as lines, or parted by semicolons, without numbering.

    Examples
    --------
    >>> lines_of("1. coffee ad\n2) a cat; something yellow")
    ['coffee ad', 'a cat', 'something yellow']
    """
    parts = re.split(r"[\r\n;；]+", text)
    return [entry for part in parts if (entry := _NUMBERED.sub("", part).strip())]


def about_and_value(line: str) -> tuple[str, str]:
    """Return what a line is about and what it says about it; ("", line) where it does not part the two.

    Examples
    --------
    >>> about_and_value("coffee: Kopi"), about_and_value("no idea")
    (('coffee', 'Kopi'), ('', 'no idea'))
    """
    found = _ABOUT.match(line.strip())
    return (found["about"].strip(), found["value"].strip()) if found else ("", line.strip())


def item_of_column(column: str) -> tuple[str, str]:
    """Return the item and the stimulus of a column of a wide table.

    Examples
    --------
    >>> item_of_column("rec__hall-east"), item_of_column("like[ad 3]"), item_of_column("ur_any")
    (('rec', 'hall-east'), ('like', 'ad 3'), ('ur_any', ''))
    """
    name = column.strip()
    if name in QUESTION_BANK:
        return name, ""
    found = _COLUMN.fullmatch(name)
    return (found["item"], found["about"].strip()) if found else (name, "")


def checked_value(item: str, text: str, choices: Sequence[str] = ()) -> tuple[str, str]:
    """Return an answer as it is kept, and what is wrong with it ("" if nothing is).

    Parameters
    ----------
    item : str
        The question.
    text : str
        As written.
    choices : sequence of str, optional
        Allowed codes by the protocol; empty: those of the question bank.

    Examples
    --------
    >>> checked_value("rec", "ใช่"), checked_value("like", "6")[1]
    (('yes', ''), '6 is none of the points 1 to 5')
    """
    question = QUESTION_BANK.get(item)
    value = unicodedata.normalize("NFC", text).strip()
    if question is None:
        return value, ""
    if question.kind in ("choice", "multi", "code"):
        return _chosen(value, tuple(choices) or question.choices, question)
    checks: dict[str, Callable[[str, Question], tuple[str, str]]] = {
        "scale": _on_scale, "number": _a_number, "yes_no": _yes_or_no,
    }  # fmt: skip
    check = checks.get(question.kind)
    return (value, "") if check is None else check(value, question)


def _a_number(value: str, question: Question) -> tuple[str, str]:
    number = number_of(value)
    if number is None or number < 0:
        return value, f"{value[:40]!r} is no number"
    return f"{number:g}", ""


def _yes_or_no(value: str, question: Question) -> tuple[str, str]:
    word = plain(value).strip(".!")
    if word in _YES or word in _NO:
        return ("yes" if word in _YES else "no"), ""
    return value, f"{value[:40]!r} is neither yes nor no"


def _on_scale(value: str, question: Question) -> tuple[str, str]:
    number = number_of(value)
    if number is None or number != int(number) or not 1 <= number <= question.points:
        return value, f"{value[:40]} is none of the points 1 to {question.points}"
    return str(int(number)), ""


def _chosen(value: str, choices: tuple[str, ...], question: Question) -> tuple[str, str]:
    words = re.split(r"[\s,;|]+", value) if question.kind == "multi" else [value]
    codes = []
    for word in filter(None, words):
        code = plain(word)
        if set(choices) == set(CONFIDENCE):
            code = _SURE.get(code, code)
        number = number_of(code)
        code = f"{number:g}" if number is not None and f"{number:g}" in choices else code
        if code not in choices:
            return value, f"{word[:40]!r} is none of {', '.join(choices)}"
        codes.append(code)
    return " ".join(codes), ""
