"""What the library says, in the language of the interface: sentences with numbers in them, names of columns.

The library speaks English alone. `translations/library_<language>*.json` holds its sentences with `{names}`
where numbers and names stand; a sentence that was made from one of them is taken apart and said anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from gazestudy_gui.words import FOLDER, language, tr

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.text import Text

_PLACE = re.compile(r"{(\w+)}")
_UNITS = {"deg": "°", "m2": "m²"} | {unit: unit for unit in ("ns", "ms", "s", "mm", "px", "m", "min")}
_EXTREME = re.compile(rf"(.+)_({'|'.join(_UNITS)})_(min|max|mean|median)")
_ANYTHING = {"why", "what", "names", "parts", "where", "rest", "code"}
_AS_IT_IS = {"name", "file", "path", "coder", "code", "value"}
_WITHIN = r"(?:(?!; |: |  |\n).)+?"
_BOUNDS, _ENDS = ("_high", "_low", "_method"), ("_share", "_rate", "_count")
_STARTS = ("n_", "mean_", "median_", "geometric_mean_", "max_", "min_")
_LONGEST = 4000
_ENGLISH = {
    "a": "looked and remembered (a)",
    "b": "looked only (b)",
    "c": "remembered only (c)",
    "d": "neither (d)",
    "ar_cat": "recalled for a category",
    "attr": "brand named",
    "bottom_m": "lower edge, m",
    "brennan_prediger": "Brennan–Prediger",
    "cohen_kappa": "Cohen's kappa",
    "comp": "main message",
    "density_m2": "people per m²",
    "dwell_s": "dwell, s",
    "fleiss_kappa": "Fleiss' kappa",
    "flow_per_min_m": "flow per min and m",
    "gwet_ac": "Gwet's AC",
    "icc": "ICC",
    "icc_high": "ICC high",
    "icc_low": "ICC low",
    "krippendorff_alpha": "Krippendorff's alpha",
    "look_2s_rate": "share looking 2 s",
    "looked_2s": "looked 2 s",
    "min m": "min × m",
    "rta": "said over the recording",
    "ur_any": "recalled without help",
    "ur_msg": "what recalled ads showed",
}
"""Names of columns and values whose own words would be letters or a code."""
_CODE = "Traceback (most recent call last)"
_COUNTS = re.compile(r"\d[\d,]* [^\W\d]+(?:, \d[\d,]* [^\W\d]+)+")
_OF_AN_ITEM = re.compile(r"([a-z_]+): ([a-z0-9_]+)")
_TIGHT, _SMALLER = 1.05, 0.92
_JOINTS = ("\n", ". ", "; ", ": ", ", ")


class Phrases:
    """Sentences of one language.

    Parameters
    ----------
    texts : mapping of str to str
        English to translated, both with the same `{names}`.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._made = {part: texts[part] for part in (*_BOUNDS, *_STARTS, *_ENDS) if part in texts}
        self._exact = {english: other for english, other in texts.items() if not _PLACE.search(english)}
        patterns = sorted((one for one in texts if _PLACE.search(one)), key=_letters, reverse=True)
        self._patterns = [(_expression(one), _longest_piece(one), texts[one]) for one in patterns]
        self._known: dict[str, str] = {}

    def say(self, text: str) -> str:
        """Return a text in this language; what is not known stays as it is.

        Parameters
        ----------
        text : str
            As the library says it; of several sentences or lines each is looked up.
        """
        if text not in self._known:
            # of several counts the last noun would take all before it for its number
            parts = text.split(", ") if _COUNTS.fullmatch(text) else [text]
            self._known[text] = ", ".join(map(self._said, parts))
        return self._known[text]

    def knows(self, text: str) -> bool:
        """Return True if exactly this text is known."""
        return text in self._exact

    def term(self, name: str) -> str:
        """Return the name of a column or figure: as a whole, or put together from its parts."""
        if name in self._exact:
            return self._exact[name]
        for parts, rest in (
            (_BOUNDS, name.removesuffix),
            (_STARTS, name.removeprefix),
            (_ENDS, name.removesuffix),
        ):
            for part in parts:
                if part in self._made and rest(part) not in ("", name):
                    return self._made[part].replace("{of}", self.term(rest(part)))
        words = name.replace("_", " ")
        return self._exact.get(words, words)

    def _said(self, text: str) -> str:
        if not 1 < len(text) <= _LONGEST or not any(letter.isalpha() for letter in text) or _CODE in text:
            return text  # one letter is the code of a person, though it may head a column, too
        lead = len(text) - len(text.lstrip(" •"))
        if lead:
            return text[:lead] + self.say(text[lead:])
        whole = self._exact.get(text) or self._exact.get(text[:1].lower() + text[1:])
        if whole is not None:
            return whole
        if "\n" not in text:
            for expression, piece, other in self._patterns:
                if piece in text and (found := expression.fullmatch(text)) is not None:
                    values = {
                        name: value if name in _AS_IT_IS else self.say(value)
                        for name, value in found.groupdict().items()
                    }
                    return other.format(**values)
        for joint in _JOINTS:
            parts = text.split(joint, 1 if joint == ": " else -1)
            if len(parts) > 1:
                said = [self.say(part) for part in parts]
                if said != parts:
                    return joint.join(said)
        return text


@lru_cache(maxsize=4)
def phrases(code: str) -> Phrases:
    """Return the sentences of a language; none for English."""
    texts: dict[str, str] = {}
    for path in sorted(FOLDER.glob(f"library_{code}*.json")):
        texts |= json.loads(path.read_text(encoding="utf-8"))
    return Phrases(texts)


def told(text: str) -> str:
    """Return what the library says, in the language that is set."""
    code = language()
    return text if code == "en" else phrases(code).say(text)


def error_text(error: BaseException) -> str:
    """Return what an error says, in the language that is set."""
    from gazestudy.errors import InputError

    if language() == "en" or not isinstance(error, InputError):
        return told(str(error))
    given = {"at {place}": error.place, "expected {text}": error.expected, "found {value}": error.found}
    details = [
        tr(words, **{(name := _PLACE.findall(words)[0]): value if name == "value" else told(value)})
        for words, value in given.items()
        if value
    ]
    text = f"{error.path}: {told(error.problem)}" + (f" ({', '.join(details)})" if details else "")
    return text + (f" — {told(error.advice)}" if error.advice else "")


def column_title(column: str) -> str:
    """Return a heading for people: the name of the column in words, and its unit apart.

    Examples
    --------
    >>> column_title("median_dwell_s"), column_title("notice_rate")
    ('median dwell, s', 'notice rate')
    """
    if language() == "en" and column in _ENGLISH:
        return _ENGLISH[column]
    name, unit = column, ""
    extreme = _EXTREME.fullmatch(column)
    if extreme is not None:  # such as distance_mm_min, the least distance
        name, unit = f"{extreme[1]}_{extreme[3]}", f", {_UNITS[extreme[2]]}"
    for end, sign in _UNITS.items() if extreme is None else ():
        if column.endswith(f"_{end}") and not column.endswith(f"_per_{end}"):
            name, unit = column.removesuffix(f"_{end}"), f", {sign}"
            break
    code = language()
    if code == "en":
        return name.replace("_", " ") + unit
    known = phrases(code)
    return known.term(column if unit and known.knows(column) else name) + (
        "" if unit and known.knows(column) else known.say(unit)
    )


def value_name(value: str) -> str:
    """Return a word of a table for people, such as the name of a step, a rule or a method."""
    code, is_identifier = language(), re.fullmatch(r"[a-z0-9_]+", value) is not None
    of_an_item = _OF_AN_ITEM.fullmatch(value)
    if of_an_item is not None and of_an_item[1] in _ENGLISH:  # such as attr: correct, an answer as coded
        return f"{value_name(of_an_item[1])}: {value_name(of_an_item[2])}"
    if code == "en":
        if len(value) > 1 and value in _ENGLISH:  # one letter is the code of a person
            return _ENGLISH[value]
        return value.replace("_", " ") if is_identifier else re.sub(r"\bm2\b", "m²", value)
    found = phrases(code).say(value)
    return phrases(code).term(value) if found == value and is_identifier else found


def translate_figure(figure: Figure, code: str) -> None:
    """Say every text of a figure in a language.

    Parameters
    ----------
    figure : Figure
        Drawn by the library, in English.
    code : str
        The language.
    """
    from matplotlib.text import Text

    from gazestudy.plots import CaptionedFigure

    if code == "en":
        return
    known = phrases(code)
    if isinstance(figure, CaptionedFigure):
        figure.retell(known.say)
    for axes in figure.axes:  # labels of ticks are made when they are drawn: names are fixed before
        for axis in (axes.xaxis, axes.yaxis):
            labels = [one.get_text() for one in axis.get_ticklabels()]
            said = [known.say(label) for label in labels]
            if said != labels:
                axis.set_ticks(axis.get_ticklocs(), said)
    for artist in figure.findobj(Text):
        if isinstance(artist, Text) and artist.get_text():
            _say(artist, known)
    for axes in figure.axes:  # lines of other scripts are higher than those the room was made for
        legend = axes.get_legend()
        for text in legend.get_texts() if legend is not None else ():
            text.set_linespacing(_TIGHT)
            text.set_fontsize(_SMALLER * float(text.get_fontsize()))


def _say(artist: Text, known: Phrases) -> None:
    from gazestudy.plots import families_for

    before = artist.get_text()
    after = known.say(before)
    if after != before:
        artist.set_text(after)
        artist.set_fontfamily(families_for(after))


def _expression(english: str) -> re.Pattern[str]:
    parts, seen = [], set[str]()
    for number, piece in enumerate(_PLACE.split(english)):
        if number % 2 == 0:
            parts.append(re.escape(piece))
        elif piece in seen:
            parts.append(f"(?P={piece})")
        else:
            seen.add(piece)
            parts.append(f"(?P<{piece}>{'.+?' if piece in _ANYTHING else _WITHIN})")
    return re.compile("".join(parts), re.DOTALL)


def _letters(english: str) -> int:
    return len(_PLACE.sub("", english))


def _longest_piece(english: str) -> str:
    return max(_PLACE.sub("\0", english).split("\0"), key=len)
