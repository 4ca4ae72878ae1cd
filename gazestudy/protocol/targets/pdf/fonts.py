"""Finds installed fonts that can write the texts of a sheet, and makes them fit to be embedded.

PDF writing needs TrueType outlines of one weight. Fonts with other outlines (Noto Sans CJK) are converted,
and variable fonts are set to their regular weight, for the glyphs that are used.
"""

from __future__ import annotations

import importlib.util
import io
import os
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any
from zlib import crc32

from gazestudy.errors import GazestudyError

_PREFERRED = (
    "NotoSans-Regular", "DejaVuSans",
    "NotoSansThai-Regular", "leelawui", "LeelawUI", "Thonburi", "Sarabun-Regular", "Loma", "Garuda", "tahoma",
    "NotoSansSC-Regular", "wqy-microhei", "wqy-zenhei", "NotoSansCJK-Regular", "msyh", "simhei",
    "STHeiti Light", "Hiragino Sans GB", "Songti", "Arial Unicode",
)  # fmt: skip
"""File names without suffix, best first; any other font is tried after them."""

_BOLD = {
    "NotoSans-Regular": "NotoSans-Bold",
    "DejaVuSans": "DejaVuSans-Bold",
    "NotoSansThai-Regular": "NotoSansThai-Bold",
    "NotoSansSC-Regular": "NotoSansSC-Bold",
    "NotoSansCJK-Regular": "NotoSansCJK-Bold",
    "leelawui": "leelauib",
    "tahoma": "tahomabd",
    "msyh": "msyhbd",
}
_MARK_FEATURES = ["ccmp", "locl", "liga", "mark", "mkmk"]
"""What places vowels and tone marks."""

_UNUSABLE = ("emoji", "lastresort", "last resort", "unifont", "math", "symbols", "mono")
_HINTS = {
    "THAI": "fonts-noto-core (Debian, Ubuntu) or Noto Sans Thai",
    "CJK": "fonts-wqy-zenhei or fonts-noto-cjk (Debian, Ubuntu) or Noto Sans SC",
}


class MissingFontError(GazestudyError):
    """No installed font has the glyphs of a text; says which script and what to install."""


@dataclass(frozen=True, slots=True)
class FontFile:
    """A font that is installed.

    Attributes
    ----------
    path : Path
        Its file.
    index : int
        Which font of a collection.
    letters : frozenset of int
        Code points that it has.
    """

    path: Path
    index: int
    letters: frozenset[int]


def fonts_for(text: str) -> list[FontFile]:
    """Return fonts that together can write a text, in the order in which they are asked.

    Raises
    ------
    MissingFontError
        If a character is in no font; it says what to install.
    """
    chosen, left = _cover(text)
    if left:
        raise MissingFontError(_missing(left))
    return chosen


def unwritable(text: str) -> set[str]:
    """Return the characters of a text that no installed font can write."""
    return {chr(code) for code in _cover(text)[1]}


def _cover(text: str) -> tuple[list[FontFile], set[int]]:
    """Return fonts for a text, and the code points that are left over."""
    left = {ord(letter) for letter in text if _needs_glyph(letter)}
    chosen = []
    for font in chain(_preferred(), _others()):
        if not left:
            break
        if left & font.letters:
            chosen.append(font)
            left -= font.letters
    return chosen, left


def bold_of(font: FontFile) -> FontFile | None:
    """Return the bold face that belongs to a font, if it is installed."""
    wanted = _BOLD.get(font.path.stem)
    if wanted is None:
        return None
    sibling = next((path for path in font.path.parent.glob(f"{wanted}.*")), None)
    return None if sibling is None else _open(sibling)


@lru_cache(maxsize=32)
def embeddable(font: FontFile, text: str) -> bytes:
    """Return a small TrueType font with the glyphs of a text and the tables that place marks."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    marks = any(unicodedata.category(letter).startswith("M") for letter in text)
    options = subset.Options(
        layout_features=_MARK_FEATURES if marks else [],
        hinting=False,
        glyph_names=True,
        name_IDs=[1, 2, 4, 6],
    )
    options.drop_tables += ["BASE", "vhea", "vmtx", "VORG", "EBDT", "EBLC", "EBSC", "DSIG", "meta"]
    made = io.BytesIO()
    with TTFont(font.path, fontNumber=font.index, lazy=True) as source:
        for table in ("BDF ", "FFTM"):  # bitmaps and an editor's time stamp, of no use on paper
            if table in source:
                del source[table]
        cut = subset.Subsetter(options)
        cut.populate(unicodes=[*{ord(letter) for letter in text} & font.letters, 0x20])
        cut.subset(source)
        if "fvar" in source:
            _set_weight(source)
        if "glyf" not in source:
            _to_truetype(source)
        _rename(source, f"{font.path.stem}-{crc32(text.encode()):08x}")
        source.save(made)
    return made.getvalue()


def _needs_glyph(letter: str) -> bool:
    return unicodedata.category(letter) not in ("Cc", "Cf", "Zs")


def _missing(left: set[int]) -> str:
    letters = "".join(sorted(chr(code) for code in left))
    scripts = sorted({unicodedata.name(letter, "UNKNOWN").split()[0] for letter in letters})
    install = "; ".join(_HINTS[script] for script in scripts if script in _HINTS)
    shown = letters[:12] + ("…" if len(letters) > 12 else "")
    return (
        f"no installed font can write {len(letters)} characters ({', '.join(scripts).title()}: {shown}). "
        f"Install {install or 'a font with these characters, such as one of the Noto fonts'} and try again"
    )


@lru_cache(maxsize=1)
def _installed() -> dict[str, Path]:
    """Return font files by name without suffix."""
    files: dict[str, Path] = {}
    for folder in _folders():
        for path in _font_files(folder):
            files.setdefault(path.stem, path)
    return files


def _preferred() -> Iterator[FontFile]:
    for name in _PREFERRED:
        font = _open(_installed()[name]) if name in _installed() else None
        if font is not None:
            yield font


def _others() -> Iterator[FontFile]:
    """Yield other upright regular fonts: they are opened only where the preferred ones miss something."""
    for name, path in sorted(_installed().items()):
        plain = name.lower()
        marked = any(
            word in plain for word in ("bold", "italic", "oblique", "light", "thin", "black", "serif")
        )
        if name in _PREFERRED or marked or any(word in plain for word in _UNUSABLE):
            continue
        font = _open(path)
        if font is not None:
            yield font


def _folders() -> list[Path]:
    home = Path.home()
    spec = importlib.util.find_spec("matplotlib")
    shipped = [Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"] if spec and spec.origin else []
    if sys.platform == "win32":
        windows = Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts"
        local = Path(os.environ.get("LOCALAPPDATA", home)) / "Microsoft" / "Windows" / "Fonts"
        return [windows, local, *shipped]
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts", *shipped]
    data = [
        Path(one) for one in os.environ.get("XDG_DATA_DIRS", "/usr/local/share:/usr/share").split(":") if one
    ]
    return [home / ".local" / "share" / "fonts", home / ".fonts", *(one / "fonts" for one in data), *shipped]


def _font_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        path for path in folder.rglob("*") if path.suffix.lower() in (".ttf", ".ttc", ".otf", ".otc")
    )


@lru_cache(maxsize=1024)
def _open(path: Path) -> FontFile | None:
    """Return a font file with its letters, None where it cannot be used."""
    from fontTools.ttLib import TTFont, TTLibError

    try:
        font = TTFont(path, fontNumber=0, lazy=True)
        letters = frozenset(font.getBestCmap() or ()) if "glyf" in font or "CFF " in font else frozenset()
        font.close()
    except (OSError, TTLibError, ValueError, KeyError, AssertionError):
        return None
    return FontFile(path, 0, letters) if letters else None


def _set_weight(font: Any) -> None:
    """Turn a variable font into its regular weight."""
    from fontTools.varLib import instancer

    axes = {
        axis.axisTag: (400 if axis.axisTag == "wght" else axis.defaultValue) for axis in font["fvar"].axes
    }
    instancer.instantiateVariableFont(font, axes, inplace=True)


def _rename(font: Any, name: str) -> None:
    """Give the font a name of its own: the writer of PDF takes fonts of one name for one font."""
    plain = "".join(letter for letter in name if letter.isascii() and (letter.isalnum() or letter == "-"))
    font["name"].names = [record for record in font["name"].names if record.nameID not in (4, 6)]
    for number in (4, 6):
        font["name"].setName(plain, number, 3, 1, 0x409)
        font["name"].setName(plain, number, 1, 0, 0)


def _to_truetype(font: Any) -> None:
    """Replace cubic outlines by quadratic ones, to a thousandth of the em."""
    from fontTools.pens.cu2quPen import Cu2QuPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from fontTools.ttLib import newTable

    glyphs = font.getGlyphSet()
    order = font.getGlyphOrder()
    outlines = {}
    for name in order:
        pen = TTGlyphPen(None)
        glyphs[name].draw(Cu2QuPen(pen, max_err=font["head"].unitsPerEm / 1000, reverse_direction=True))
        outlines[name] = pen.glyph()
    font["loca"] = newTable("loca")
    font["glyf"] = glyf = newTable("glyf")
    glyf.glyphOrder, glyf.glyphs = order, outlines
    del font["CFF "]
    font["maxp"].tableVersion = 0x00010000
    for name in (
        "maxZones", "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs",
        "maxStackElements", "maxSizeOfInstructions", "maxComponentElements", "maxPoints", "maxContours",
        "maxCompositePoints", "maxCompositeContours", "maxComponentDepth",
    ):  # fmt: skip
        setattr(font["maxp"], name, 1 if name == "maxZones" else 0)
    for name in order:
        outlines[name].recalcBounds(glyf)
        advance = font["hmtx"][name][0]
        font["hmtx"][name] = (advance, getattr(outlines[name], "xMin", 0))
    font["post"].formatType = 2.0
    font["post"].extraNames, font["post"].mapping = [], {}
    font.sfntVersion = "\x00\x01\x00\x00"
