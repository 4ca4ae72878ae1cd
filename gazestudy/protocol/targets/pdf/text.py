"""Sets text: fonts per script, marks placed by shaping, lines broken where each language allows it."""

from __future__ import annotations

import re
import unicodedata
from io import BytesIO
from itertools import groupby
from typing import Any
from zlib import crc32

from gazestudy.protocol.targets.pdf.fonts import FontFile, MissingFontError, bold_of, embeddable, fonts_for

ALWAYS = "".join(chr(code) for code in range(0x20, 0x7F)) + "≤≥–—×…·°²“”"
"""Characters of numbers, rules and codes, whatever the document says."""

_LEADING_VOWELS = "เแโใไ"
_SARA_AM_PARTS = {"\u0e4d", "\u0e32"}
"""Shaping takes the Thai vowel am apart, so that a tone mark finds its place between the two."""
_NOT_FIRST = "，。、；：！？）》〉】”’…,.;:!?)]}%°ๆฯ"
_NOT_LAST = "（《〈【“‘([{"


class Typesetter:
    """Measures and draws text of one sheet.

    Parameters
    ----------
    text : str
        All characters that will be written.

    Raises
    ------
    MissingFontError
        If no installed font has one of them.
    """

    def __init__(self, text: str) -> None:
        from reportlab.pdfbase import pdfmetrics
        from reportlab.pdfbase.ttfonts import TTFont

        letters = "".join(sorted(set(text) | set(ALWAYS) | (_SARA_AM_PARTS if "ำ" in text else set())))
        self._widths: dict[tuple[str, bool], float] = {}
        self._fonts: list[tuple[FontFile, str, str | None]] = []
        for font in fonts_for(letters):
            own = "".join(one for one in letters if ord(one) in font.letters)
            name = f"{font.path.stem}-{crc32(own.encode()):08x}"
            pdfmetrics.registerFont(TTFont(name, BytesIO(embeddable(font, own))))
            heavy = bold_of(font)
            bold_name = None
            if heavy is not None and all(ord(one) in heavy.letters for one in own):
                bold_name = f"{name}-bold"
                pdfmetrics.registerFont(TTFont(bold_name, BytesIO(embeddable(heavy, own))))
            self._fonts.append((font, name, bold_name))

    @property
    def base(self) -> str:
        """Name of the first font."""
        return self._fonts[0][1]

    def width(self, text: str, size: float, *, bold: bool = False) -> float:
        """Return the width of a line in points."""
        known = self._widths.get((text, bold))
        if known is None:
            known = sum(width for _, _, width in self._runs(text, 1000.0, bold)) / 1000
            self._widths[text, bold] = known
        return known * size

    def draw(
        self,
        canvas: Any,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        bold: bool = False,
        align: str = "left",
    ) -> float:
        """Draw one line with its baseline at y; returns its width."""
        runs = self._runs(text, size, bold)
        total = sum(width for _, _, width in runs)
        x -= {"left": 0.0, "centre": total / 2, "right": total}[align]
        for name, shaped, width in runs:
            canvas.setFont(name, size)
            heavy = bold and not name.endswith("-bold")
            if heavy:  # no bold face: thicken the outline
                canvas.setLineWidth(size / 30)
                canvas.setStrokeGray(0)
            canvas.drawString(x, y, shaped, mode=2 if heavy else 0)
            x += width
        return total

    def wrap(self, text: str, width: float, size: float, *, bold: bool = False) -> list[str]:
        """Return a text as lines that fit a width in points."""
        lines: list[str] = []
        for paragraph in text.split("\n"):
            line, used = "", 0.0
            for atom in self._fitting(atoms(paragraph), width, size, bold):
                if line and used + self.width(atom.rstrip(), size, bold=bold) > width:
                    lines.append(line.rstrip())
                    line, used = "", 0.0
                line += atom
                used += self.width(atom, size, bold=bold)
            lines.append(line.rstrip())
        return lines

    def _fitting(self, parts: list[str], width: float, size: float, bold: bool) -> list[str]:
        """Cut atoms that are wider than a line between letters."""
        fitting = []
        for part in parts:
            if self.width(part.rstrip(), size, bold=bold) <= width:
                fitting.append(part)
            else:
                fitting += clusters(part)
        return fitting

    def _runs(self, text: str, size: float, bold: bool) -> list[tuple[str, str, float]]:
        from reportlab.pdfbase.pdfmetrics import stringWidth
        from reportlab.pdfbase.ttfonts import ShapedStr, shapeStr

        runs = []
        for index, letters in groupby(self._choose(text), key=lambda pair: pair[1]):
            run = "".join(letter for letter, _ in letters)
            _, plain, heavy = self._fonts[index]
            name = heavy if bold and heavy else plain
            shaped = shapeStr(run, name, size)
            if isinstance(shaped, ShapedStr):
                width = sum(data.x_advance for data in shaped.__shapeData__) * size / 1000
            else:
                width = stringWidth(shaped, name, size)
            runs.append((name, shaped, width))
        return runs

    def _choose(self, text: str) -> list[tuple[str, int]]:
        """Return the font of each letter; spaces and marks stay with what they follow."""
        chosen: list[tuple[str, int]] = []
        wide = any(unicodedata.east_asian_width(letter) in "WF" for letter in text)
        for letter in text:
            if letter == "\u200b":
                continue
            previous = chosen[-1][1] if chosen else 0
            neutral = letter == " " or unicodedata.category(letter) in ("Mn", "Mc")
            if neutral and ord(letter) in self._fonts[previous][0].letters:
                chosen.append((letter, previous))
                continue
            able = [i for i, (font, _, _) in enumerate(self._fonts) if ord(letter) in font.letters]
            # quotes and dashes of Chinese texts are full width
            if not able:
                raise MissingFontError(f"no font was prepared for {letter!r}")
            chosen.append((letter, able[-1] if wide and ord(letter) > 0x2000 else able[0]))
        return chosen


def atoms(text: str) -> list[str]:
    r"""Return a text in pieces between which a line may break; each keeps the blanks behind it.

    Notes
    -----
    Latin breaks at blanks. Chinese breaks between letters, but no line begins with closing or ends with
    opening punctuation. Thai has no blanks between words: lines break at blanks, before vowels that begin a
    syllable and after signs that end one, which is never inside a syllable.

    Examples
    --------
    >>> atoms("two words")
    ['two ', 'words']
    >>> atoms("看，一眼")
    ['看，', '一', '眼']
    >>> atoms("ชานชาลาเดียว")
    ['ชานชาลา', 'เดียว']
    """
    pieces: list[str] = []
    for word in re.findall(r"[^ \u200b]+[ \u200b]*|[ \u200b]+", text):
        piece = ""
        for letter in word:
            if piece and _may_break(piece, letter):
                pieces.append(piece)
                piece = ""
            piece += letter
        if piece:
            pieces.append(piece)
    return pieces


def _may_break(piece: str, after: str) -> bool:
    before = piece[-1]
    if after in _NOT_FIRST or before in _NOT_LAST or after in " \u200b":
        return False
    if _is_thai(before) and _is_thai(after):
        begins = after in _LEADING_VOWELS and before not in _LEADING_VOWELS
        # kra-, pra- and the like are beginnings of words
        return not piece.endswith("ระ") and (begins or before in "ะๆฯ")
    if before == "/" and after.isalpha():
        return True
    return any(unicodedata.east_asian_width(one) == "W" for one in (before, after))


def _is_thai(letter: str) -> bool:
    return "\u0e00" <= letter <= "\u0e7f"


def clusters(text: str) -> list[str]:
    """Return a text letter by letter, marks kept with their letter."""
    found: list[str] = []
    for letter in text:
        if found and (unicodedata.category(letter) in ("Mn", "Mc") or letter in "ำะาๆ "):
            found[-1] += letter
        else:
            found.append(letter)
    return found
