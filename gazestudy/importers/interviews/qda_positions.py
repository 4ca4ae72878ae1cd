"""Positions in texts, however a program counted them.

Programs count with or without a byte order mark, CR LF as one or two, characters outside of the basic plane
as one or two. Most write the selected text into the name of a selection: the way that fits most is taken.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]


def counting(
    raw: str, selections: Sequence[tuple[int, int, str]], *, with_bom: bool
) -> tuple[Callable[[int], int], str]:
    """Return how positions become code points of a text, and how they are counted if not that way.

    Parameters
    ----------
    raw : str
        The text as it lies in the file, without a byte order mark.
    selections : sequence of (int, int, str)
        Start, end and name of each selection; the name is the selected text, or its beginning, or something
        else.
    with_bom : bool
        Whether the file has a byte order mark.

    Returns
    -------
    point : callable
        Position to code point; -1 where there is none.
    how : str
        In words, empty where positions are code points.
    """
    ways: list[tuple[Callable[[int], int], str]] = [(lambda place: place, "")]
    if with_bom:
        ways.append((lambda place: place - 1, "with the byte order mark"))
    if "\r\n" in raw:
        ways.append((_back(line_feed_positions(raw)), "with CR LF as one character"))
    if any(ord(one) > 0xFFFF for one in raw):
        ways.append((_back(_utf16_positions(raw)), "in units of UTF-16"))
    if "\n" in raw and "\r" not in raw:
        ways.append((_back(_with_returns(raw)), "with line ends as two characters"))
    named = [one for one in selections if one[2] and one[1] > one[0] >= 0]
    scores = [sum(fits(raw[way(a) : way(b)], name) for a, b, name in named) for way, _ in ways]
    best = max(range(len(ways)), key=lambda number: (scores[number], -number))
    return ways[best]


def fits(found: str, name: str) -> bool:
    """Return whether a name is the text of a selection, or its beginning.

    Examples
    --------
    >>> fits("It was  great there", "It was great ..."), fits("It was", "great")
    (True, False)
    """
    short, long = _spoken(name), _spoken(found)
    cut = short.rstrip(".\u2026").rstrip()
    return bool(short) and (short == long or (len(cut) >= 8 and long.startswith(cut)))


def _spoken(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.replace("\ufffd", "").split()))


def _points(raw: str) -> NDArray[np.uint32]:
    return np.frombuffer(raw.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def _positions(widths: NDArray[np.bool_] | Places) -> Places:
    """Return where each code point is, and where the text ends, if each takes so many places."""
    return np.concatenate([[0], np.cumsum(widths, dtype=np.int64)])


def line_feed_positions(raw: str) -> Places:
    r"""Return for each code point where it is once CR LF is one character.

    Examples
    --------
    >>> line_feed_positions("a\r\nb").tolist()
    [0, 1, 1, 2, 3]
    """
    points = _points(raw)
    return _positions(~((points == 13) & (np.append(points[1:], 0) == 10)))


def _utf16_positions(raw: str) -> Places:
    return _positions(1 + (_points(raw) > 0xFFFF).astype(np.int64))


def _with_returns(raw: str) -> Places:
    return _positions(1 + (_points(raw) == 10).astype(np.int64))


def _back(places: Places) -> Callable[[int], int]:
    """Return what finds the first code point at or before a counted position; -1 where there is none."""

    def point(place: int) -> int:
        if not 0 <= place <= places[-1]:
            return -1
        found = int(np.searchsorted(places, place, side="right")) - 1
        return int(np.searchsorted(places, places[found], side="left"))

    return point
