"""Names that a study knows, taken out of everything that leaves it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from gazestudy.model.interview import Interviews
from gazestudy.store import Study
from gazestudy.store.intake import name_pattern

_IDS = re.compile(r"(^|_)id$|^(path|image|stimulus|point|observer)$")
"""Columns of ids and paths."""

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,15}")
"""What is taken for a code of an interviewer or coder; anything else may be a name."""

UNKNOWN_NAMES = (
    "names that nobody entered into the study cannot be found: read notes, answers and other free text before"
    " they leave your house"
)

_DIGITS = 6  # shorter numbers are years, ages, counts


class Pseudonyms:
    """Puts pseudonyms in the place of names.

    A whole name is found in any case and inside of words, as when recordings come in. A part of a name of
    three letters or more is found as a word of its own, in capitals or as the name is written; in ids and
    paths in any case; where a script has no capitals, anywhere. Names that nobody entered are not found: free
    text is as careful as its writer.

    Parameters
    ----------
    names : mapping of str to str
        Name to what takes its place; none: texts stay as they are.

    Attributes
    ----------
    replaced : int
        How many names were replaced so far, in different texts.

    Examples
    --------
    >>> known = Pseudonyms({"Erika Mustermann": "P01"})
    >>> known.text("ERIKA MUSTERMANN, then Erika alone")
    'P01, then P01 alone'
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self.replaced = 0
        self._rules: list[tuple[re.Pattern[str], str]] = []
        self._in_ids: list[tuple[re.Pattern[str], str]] = []
        whole = {form: code for name, code in names.items() for form in _forms(name.strip()) if form}
        parts = {part: code for name, code in whole.items() for part in _parts(name)}
        for name in sorted(whole, key=len, reverse=True):
            if name != whole[name]:
                self._rules.append((_whole_pattern(name), whole[name]))
        for part in sorted(set(parts) - set(whole), key=len, reverse=True):
            self._rules.append((_part_pattern(part), parts[part]))
            self._in_ids.append((re.compile(_part_pattern(part).pattern, re.IGNORECASE), parts[part]))

    def told(self, *, personal: bool) -> list[str]:
        """Return what a reader of an export has to know about names, in words."""
        if personal:
            return ["with personal data, as asked: keep it apart and delete it when it is done with"]
        found = f"names that the study keeps apart stood in {self.replaced} places: pseudonyms are there now"
        return [*([found] if self.replaced else []), UNKNOWN_NAMES]

    def text(self, text: str) -> str:
        """Return a text without the names."""
        for pattern, code in self._rules:
            text, count = pattern.subn(lambda _match, code=code: code, text)  # type: ignore[misc]
            self.replaced += count
        return text

    def identifier(self, text: str) -> str:
        """Return an id or path without the names; ids are made from names in lower case.

        Examples
        --------
        >>> Pseudonyms({"Erika Mustermann": "P01"}).identifier("erika_notes")
        'P01_notes'
        """
        text = self.text(text)
        for pattern, code in self._in_ids:
            text, count = pattern.subn(lambda _match, code=code: code, text)  # type: ignore[misc]
            self.replaced += count
        return text

    def moved(self, text: str) -> tuple[str, Callable[[int], int]]:
        """Return a text without the names, and where each position of the old text is in the new one.

        Parameters
        ----------
        text : str
            Any text.

        Returns
        -------
        text : str
            As of `text`.
        position : callable
            Old code point to new one; one inside of a name is at the start of its pseudonym.

        Examples
        --------
        >>> text, position = Pseudonyms({"Anna Karin": "P1"}).moved("Anna Karin saw it")
        >>> text, position(11), text[position(11):]
        ('P1 saw it', 3, 'saw it')
        """
        places = list(range(len(text) + 1))
        for pattern, code in self._rules:
            pieces: list[str] = []
            forward: list[int] = []
            last = length = 0
            for match in pattern.finditer(text):
                kept = match.start() - last
                pieces += [text[last : match.start()], code]
                forward += [*range(length, length + kept), *[length + kept] * len(match[0])]
                last, length = match.end(), length + kept + len(code)
                self.replaced += 1
            forward += range(length, length + len(text) - last + 1)
            text = "".join([*pieces, text[last:]])
            places = [forward[place] for place in places]
        return text, lambda position: places[min(max(position, 0), len(places) - 1)]

    def value(self, value: Any) -> Any:
        """Return plain JSON without the names, in texts at any depth, keys too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.value(item) for key, item in value.items()}
        return [self.value(item) for item in value] if isinstance(value, list | tuple) else value

    def table(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return a table without the names in its texts; its attributes stay."""
        if not self._rules:
            return table
        changed = {}
        for name, values in table.items():
            if values.dtype.kind == "O" or pd.api.types.is_string_dtype(values.dtype):
                clean = self.identifier if _IDS.search(str(name)) else self.text
                words = {one for one in values if isinstance(one, str)}  # ids occur many times
                texts = {one: clean(one) for one in sorted(words)}
                found = [texts[one] if isinstance(one, str) else one for one in values]
                changed[name] = pd.Series(found, index=values.index, dtype=values.dtype)
        return table.assign(**{str(name): values for name, values in changed.items()}) if changed else table


def names_of(study: Study) -> dict[str, str]:
    """Return every name and other personal text that the study keeps apart, and what takes its place.

    Parameters
    ----------
    study : Study
        The study.

    Returns
    -------
    dict of str to str
        Names of participants and labels of devices to pseudonyms, names of observers to their codes, those
        of interviewers and coders who are not called by a code to numbers, and answers that tell who somebody
        is to the id of who gave them. Plain lower-case words and short numbers
        are left out: they would be found everywhere.
    """
    names: dict[str, str] = {}
    for participant in study.participants():
        data = study.personal_data(participant.id)
        for text in (data.name, *filter(_tells_who, _texts(data.details))):
            names.setdefault(text, participant.id)
    for code, name in study.observer_names().items():
        names.setdefault(name, code)
    for answer in study.private_answers():
        if _tells_who(answer.value):
            names.setdefault(answer.value, answer.respondent_id or "(private)")
    talks = study.interviews()
    for word, found in (
        ("interviewer", talks.interviews["interviewer"]),
        ("coder", pd.concat([talks.codings["coder"], talks.answer_codes["coder"]])),
    ):
        named = sorted({one for one in found if one and not _CODE.fullmatch(one)})
        for number, name in enumerate(named, start=1):
            names.setdefault(name, f"{word}-{number}")
    people = dict(zip(talks.interviews["interview_id"], talks.interviews["participant_id"], strict=True))
    for said in study.personal_answers():
        if _tells_who(said.value):
            names.setdefault(said.value, people.get(said.interview_id, "(private)"))
    return {name: code for name, code in names.items() if name.strip()}


def interviews_without_names(talks: Interviews, names: Pseudonyms) -> Interviews:
    """Return interviews without names; positions in texts move with them.

    Parameters
    ----------
    talks : Interviews
        Of a study.
    names : Pseudonyms
        Takes names out of texts.

    Returns
    -------
    Interviews
        All tables.
    """
    codings, marks = talks.codings.copy(), talks.transcript_marks.copy()
    texts = []
    for document, text in zip(talks.documents["document_id"], talks.documents["text"], strict=True):
        clean, position = names.moved(text)
        texts.append(clean)
        for table, columns in ((codings, ("start_char", "end_char")), (marks, ("position",))):
            mine = table["document_id"] == document
            for column in columns:
                places = [position(one) if one >= 0 else one for one in table.loc[mine, column]]
                table.loc[mine, column] = np.array(places, dtype=np.int64)
    documents = names.table(talks.documents.drop(columns="text"))
    documents = documents.assign(text=pd.Series(texts, dtype="str", index=documents.index))
    tables = talks.tables() | {"codings": codings, "transcript_marks": marks, "documents": documents}
    moved = {name: names.table(table) for name, table in tables.items() if name != "documents"}
    return talks.with_tables(documents=documents[list(talks.documents.columns)], **moved)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _tells_who(text: str) -> bool:
    text = text.strip()
    if text.isdigit():
        return len(text) >= _DIGITS
    return len(text) >= 3 and not (text.isascii() and text.islower() and text.isalpha())


def _forms(name: str) -> set[str]:
    """Return the spellings of a name, also that of ids, without accents."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().strip()
    folded = {plain} if len(plain) >= max(3, len(name) - 2) else set()
    return {name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name), *folded}


def _whole_pattern(name: str) -> re.Pattern[str]:
    """Return what finds a name; its words may be joined as in ids and addresses."""
    words = [re.escape(word) for word in name.split()]
    joined = r"[\W_]{1,3}".join(words)
    return re.compile(name_pattern(name).replace(re.escape(name), joined), re.IGNORECASE)


def _parts(name: str) -> list[str]:
    words = name.split()
    return [word for word in words if len(word) >= 3 and word.isalpha()] if len(words) > 1 else []


def _part_pattern(part: str) -> re.Pattern[str]:
    if part.upper() == part.lower():  # a script without capitals, perhaps without blanks between words
        return re.compile(re.escape(part))
    forms = "|".join(re.escape(form) for form in dict.fromkeys((part, part.upper())))
    return re.compile(rf"(?<![^\W\d_])(?:{forms})(?![^\W\d_])")
