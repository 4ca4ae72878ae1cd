"""Text as it can be printed: composed letters, no control characters, codes for what no font can write."""

from __future__ import annotations

import unicodedata


def plain_text(text: str) -> str:
    r"""Return a text without what has no shape on paper.

    Examples
    --------
    >>> plain_text("a\u00a0b\tc\u200d\x00")
    'a b c'
    """
    kept = []
    for letter in unicodedata.normalize("NFC", text):
        category = unicodedata.category(letter)
        if letter == "\n" or category == "Zs" or letter == "\t":
            kept.append("\n" if letter == "\n" else " ")
        elif category not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
            kept.append(letter)
    return "".join(kept)


def printable(text: str, lost: frozenset[str]) -> str:
    r"""Return a text in which letters without a font stand as their code points.

    Examples
    --------
    >>> printable("so \U0001f600", frozenset("\U0001f600"))
    'so [U+1F600]'
    """
    return "".join(f"[U+{ord(one):04X}]" if one in lost else one for one in plain_text(text))
