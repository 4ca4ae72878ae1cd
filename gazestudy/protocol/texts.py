"""Texts in several languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import StringConstraints

LANGUAGE_NAMES = {
    "en": "English",
    "th": "ไทย",
    "vi": "Tiếng Việt",
    "zh": "中文",
    "ja": "日本語",
    "ko": "한국어",
    "id": "Bahasa Indonesia",
    "ms": "Bahasa Melayu",
    "fr": "Français",
    "de": "Deutsch",
    "es": "Español",
}
"""How languages name themselves; others are shown by their code."""

LanguageCode = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,8})?$")]
Words = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1)]
LocalText = dict[LanguageCode, Words]
"""One text in every language of the document: `{en: ..., th: ...}`."""


def in_language(text: Mapping[str, str] | None, language: str, default: str = "en") -> str:
    """Return a text in a language, else in the default language, else in whichever there is.

    Parameters
    ----------
    text : mapping of language code to words, or None
        The text.
    language, default : str
        Wanted language, and the one to fall back to.

    Returns
    -------
    str
        The words; empty where there is no text.

    Examples
    --------
    >>> in_language({"en": "Passed", "th": "เดินผ่าน"}, "th")
    'เดินผ่าน'
    >>> in_language({"en": "Passed"}, "zh")
    'Passed'
    """
    if not text:
        return ""
    return text.get(language) or text.get(default) or next(iter(text.values()))
