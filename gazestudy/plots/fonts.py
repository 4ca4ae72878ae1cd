"""Fonts that can write a text in any script, and what to do where none is installed."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

BASE_FAMILY = "DejaVu Sans"
"""Comes with matplotlib; covers Latin with all Vietnamese letters, Greek, Cyrillic and more."""

# Colour bitmaps cannot be drawn as outlines; the other two claim every character and draw boxes.
_UNUSABLE = ("emoji", "lastresort", "last resort", "unifont")
_PLAIN = ("regular", "sans", "zenhei", "hei", "gothic")
_MARKED = (
    "bold",
    "italic",
    "oblique",
    "light",
    "thin",
    "black",
    "medium",
    "mono",
    "serif",
    "condensed",
    "looped",
)


def families_for(text: str) -> list[str]:
    """Return font families that together cover a text, for matplotlib's fallback list.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    list of str
        Families in the order in which glyphs are looked up, beginning with the base family.

    Examples
    --------
    >>> families_for("Bến Thành")
    ['DejaVu Sans']
    """
    return [BASE_FAMILY, *_cover(_missing_in(_base_path(), _printing(text)))[0]]


def missing_scripts(text: str) -> list[str]:
    """Return the scripts of a text that no installed font can write.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    list of str
        Names such as "Thai" or "Cjk"; empty where every character can be drawn.

    Examples
    --------
    >>> missing_scripts("Đường số 1")
    []
    """
    left = _cover(_missing_in(_base_path(), _printing(text)))[1]
    return sorted({unicodedata.name(letter, "unknown").split()[0].capitalize() for letter in left})


def _printing(text: str) -> frozenset[str]:
    """Return the characters that need a glyph."""
    return frozenset(
        letter for letter in text if unicodedata.category(letter) not in {"Cc", "Cf", "Zs", "Mn"}
    )


def _base_path() -> Path:
    return Path(font_manager.findfont(BASE_FAMILY))


def _missing_in(path: Path, letters: frozenset[str]) -> frozenset[str]:
    font = FT2Font(str(path))
    return frozenset(letter for letter in letters if font.get_char_index(ord(letter)) == 0)


@lru_cache(maxsize=256)
def _cover(letters: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return families that cover the letters, most letters first, and the letters that are left over."""
    left, chosen = letters, []
    while left:
        best: tuple[int, tuple[bool, int, str], Path] | None = None
        for path in _installed():
            covered = len(left) - len(_missing_in(path, left))
            if covered and (best is None or (-covered, _plainness(path)) < (best[0], best[1])):
                best = (-covered, _plainness(path), path)
        if best is None:
            break
        chosen.append(_family(best[2]))
        left = _missing_in(best[2], left)
    return tuple(chosen), left


@lru_cache(maxsize=1)
def _installed() -> tuple[Path, ...]:
    """Return every font that can be opened; matplotlib's own list may be older than a font."""
    found = []
    for name in sorted(font_manager.findSystemFonts()):
        path = Path(name)
        if any(word in path.stem.lower() for word in _UNUSABLE):
            continue
        try:
            scalable = FT2Font(name).scalable
        except (OSError, RuntimeError):
            continue
        if scalable:
            found.append(path)
    return tuple(found)


def _plainness(path: Path) -> tuple[bool, int, str]:
    """Sort upright regular sans-serif faces first."""
    stem = path.stem.lower()
    marked = sum(word in stem for word in _MARKED) - sum(word in stem for word in _PLAIN)
    return (marked > 0, marked, stem)


def _family(path: Path) -> str:
    """Register the file under a name of its own, so that no other face of its family is taken instead."""
    alias = f"gazestudy {path.name}"
    manager = font_manager.fontManager
    if not any(entry.name == alias for entry in manager.ttflist):
        if not any(entry.fname == str(path) for entry in manager.ttflist):
            manager.addfont(path)
        face = next(entry for entry in manager.ttflist if entry.fname == str(path))
        manager.ttflist.append(
            replace(face, name=alias, weight=400, style="normal", variant="normal", stretch="normal")
        )
    return alias
