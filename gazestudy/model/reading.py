"""How fast people read: a setting of the study, since it differs between languages and readers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gazestudy.errors import ParameterError


@dataclass(frozen=True, slots=True)
class ReadingSpeed:
    """How many words of a creative a look is long enough for.

    Attributes
    ----------
    language : str
        Language tag of the creative, such as "en" or "th".
    words_per_s : float
        Words, or characters where `unit` says so, read per second of looking.
    find_s : float
        Time that passes before reading begins: the text has to be found.
    unit : str
        What is counted: "words", or "characters" in scripts without spaces.
    source : str
        Where the speed comes from.

    Notes
    -----
    readable = max(0, t − find) · speed: an upper bound, as if the whole look went to the text. Only English
    has a speed of its own here; for any other language somebody who knows it has to give one.

    Examples
    --------
    >>> speed = reading_speed("en")
    >>> speed.readable([0.2, 1.3, 2.3]).round(6).tolist(), speed.seconds_for(7)
    ([0.0, 4.0, 8.0], 2.05)
    """

    language: str
    words_per_s: float
    find_s: float = 0.3
    unit: str = "words"
    source: str = "given by the study"

    def __post_init__(self) -> None:
        if not 0 < self.words_per_s < float("inf"):
            raise ParameterError("words_per_s", self.words_per_s, "a positive number")
        if not 0 <= self.find_s < float("inf"):
            raise ParameterError("find_s", self.find_s, "0 s or more")

    def readable(self, look_s: ArrayLike) -> NDArray[np.float64]:
        """Return how many words looks of `look_s` seconds are long enough for."""
        seconds = np.asarray(look_s, dtype=float)
        return np.asarray(np.maximum(0.0, seconds - self.find_s) * self.words_per_s)

    def seconds_for(self, words: float) -> float:
        """Return how long a look has to last for all words; 0 where there are none."""
        return self.find_s + words / self.words_per_s if words > 0 else 0.0


_ENGLISH = ReadingSpeed(
    "en",
    4.0,
    source="238 words/min, adults reading silently: Brysbaert (2019), doi:10.1016/j.jml.2019.104047",
)


def reading_speed(
    language: str = "en", *, words_per_s: float | None = None, find_s: float = 0.3, unit: str = "words"
) -> ReadingSpeed:
    """Return the reading speed of a language.

    Parameters
    ----------
    language : str
        Language tag; "en-GB" counts as "en".
    words_per_s : float, optional
        Speed in `unit` per second; needed for every language but English.
    find_s : float
        Time to find the text, s.
    unit : {"words", "characters"}
        What is counted.

    Raises
    ------
    ParameterError
        For a language other than English without a speed.

    Examples
    --------
    >>> reading_speed("th", words_per_s=3.2).words_per_s
    3.2
    """
    if words_per_s is not None:
        return ReadingSpeed(language, words_per_s, find_s, unit)
    if language.lower().split("-")[0] != "en" or unit != "words":
        raise ParameterError(
            "words_per_s",
            None,
            f"a reading speed for {language!r}; only English words have one by themselves",
        )
    return ReadingSpeed(language, _ENGLISH.words_per_s, find_s, source=_ENGLISH.source)
