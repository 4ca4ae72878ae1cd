"""Sentences below a picture: broken into lines, and broken anew when they are said otherwise."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

from matplotlib.figure import Figure

Say = Callable[[str], str]
"""Says a sentence in another language."""


class CaptionedFigure(Figure):
    """A figure with sentences below it.

    Attributes
    ----------
    sentences : tuple of str
        What is said, each as a whole.
    write : callable, optional
        Writes other sentences in their place.
    """

    sentences: tuple[str, ...] = ()
    write: Callable[[Sequence[str]], None] | None = None

    def retell(self, say: Say) -> None:
        """Say the sentences otherwise; what does not fit any more gets more room.

        Parameters
        ----------
        say : callable
            What is said in place of a sentence.
        """
        if self.write is not None:
            self.sentences = tuple(map(say, self.sentences))
            self.write(self.sentences)


def wrapped(text: str, *, room_em: float) -> list[str]:
    """Break a text into lines, at spaces where there are any: Thai and Chinese have none.

    Parameters
    ----------
    text : str
        One line.
    room_em : float
        Width of the room, in widths of an em of the font.

    Examples
    --------
    >>> wrapped("wide words", room_em=4.0)
    ['wide ', 'words']
    """
    lines, line, used = [], "", 0.0
    for word in text.split(" "):
        if line and used + width_em(word) > room_em:
            lines.append(line)
            line, used = "", 0.0
        for letter in word:
            step = width_em(letter)
            if line and used + step > room_em and not unicodedata.category(letter).startswith("M"):
                lines.append(line)
                line, used = "", 0.0
            line, used = line + letter, used + step
        line, used = line + " ", used + width_em(" ")
    return [*lines, line.rstrip()]


def width_em(text: str) -> float:
    """Estimate the width of a text in em, rather too wide than too narrow."""
    return sum(
        0.0
        if unicodedata.category(letter) == "Mn"
        else 1.0
        if unicodedata.east_asian_width(letter) in "WF"
        else 0.57
        for letter in text
    )
