"""The words of the interface: English in the code, others in `translations/<language>*.json`.

Texts are looked up by a translator of our own, so that no tool has to be run before the program can start.
"""

from __future__ import annotations

import json
from pathlib import Path

from PyQt6.QtCore import QCoreApplication, QLocale, QTranslator

CONTEXT = "gazestudy"
FOLDER = Path(__file__).parent / "translations"

LANGUAGES = {"en": "English", "th": "ไทย"}
"""Language codes and what each language calls itself."""


def tr(text: str, /, **values: object) -> str:
    """Return a text of the interface in the language that is set.

    Parameters
    ----------
    text : str
        English, with `{names}` for values.
    **values
        What to put in, after translation.

    Returns
    -------
    str
        The text for the screen.
    """
    translated = QCoreApplication.translate(CONTEXT, text)
    return translated.format(**values) if values else translated


class Catalogue(QTranslator):
    """Translations read from a JSON file: English text to translated text.

    Parameters
    ----------
    texts : dict of str to str
        The catalogue. It also serves the standard buttons of Qt, whatever context they ask in.
    """

    def __init__(self, texts: dict[str, str]) -> None:
        super().__init__()
        self._texts = texts

    def isEmpty(self) -> bool:
        """Return False, else Qt would not ask."""
        return not self._texts

    def translate(  # type: ignore[override]  # None is the way to say: not translated
        self, _context: str | None, text: str | None, _disambiguation: str | None = None, _n: int = -1
    ) -> str | None:
        """Return the translation of a text, None if there is none."""
        found = self._texts.get(text or "")
        if found is None and text and "&" in text:
            found = self._texts.get(text.replace("&", ""))
        return found


_installed: list[Catalogue] = []
_now = ["en"]


def language() -> str:
    """Return the language that is set, one of `LANGUAGES`."""
    return _now[0]


def load_catalogue(code: str) -> dict[str, str]:
    """Return the texts of a language, from all files that begin with its code; none for English."""
    texts: dict[str, str] = {}
    for path in sorted(FOLDER.glob(f"{code}*.json")):
        texts |= json.loads(path.read_text(encoding="utf-8"))
    return texts


def set_language(code: str) -> None:
    """Switch the interface to a language; windows made afterwards show it.

    Parameters
    ----------
    code : str
        One of `LANGUAGES`; anything else is English.
    """
    while _installed:
        QCoreApplication.removeTranslator(_installed.pop())
    texts = load_catalogue(code)
    _now[0] = code if code in LANGUAGES else "en"
    if texts:
        catalogue = Catalogue(texts)
        _installed.append(catalogue)
        QCoreApplication.installTranslator(catalogue)
    QLocale.setDefault(QLocale(_now[0]))


def usual_language() -> str:
    """Return the language of the system where there is a catalogue for it, else English."""
    system = QLocale.system().name().split("_")[0]
    return system if system in LANGUAGES else "en"


def number_or_none(text: str) -> float | None:
    """Return the number that a person typed, with a point or a comma; None if there is none.

    Raises
    ------
    ValueError
        If it is something else.
    """
    return float(text.replace(",", ".")) if text.strip() else None
