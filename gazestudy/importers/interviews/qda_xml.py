"""XML of REFI-QDA: parsed with care, and the small things that are asked of its elements."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from xml.etree import ElementTree as ET
from xml.parsers import expat

from gazestudy.errors import InputError

_GUID = re.compile(r"\{?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\}?")
_COLOR = re.compile(r"#([0-9A-Fa-f]{6}|[0-9A-Fa-f]{3})")
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_MAX_DEPTH = 60


def safe_xml(content: bytes, place: Path) -> ET.Element:
    """Parse XML that comes from outside.

    Parameters
    ----------
    content : bytes
        The file.
    place : Path
        The file, for messages.

    Returns
    -------
    Element
        The root.

    Raises
    ------
    InputError
        If it is damaged, declares a document type or entities, or is nested too deeply.
    """
    depth = 0

    def refuse(*_about: object) -> None:
        raise InputError(
            place,
            "this file declares a document type; it is refused",
            advice="Do not trust where it came from",
        )

    def down(_name: str, _attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_DEPTH:
            raise InputError(place, "this XML is nested too deeply; it is refused")

    def up(_name: str) -> None:
        nonlocal depth
        depth -= 1

    try:
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = refuse
        parser.EntityDeclHandler = refuse
        parser.StartElementHandler, parser.EndElementHandler = down, up
        parser.Parse(content, True)
        return ET.fromstring(content)
    except (expat.ExpatError, ET.ParseError, ValueError, LookupError) as error:
        raise InputError(
            place, "this XML is damaged", found=str(error)[:200], advice="Export it again"
        ) from error


def local(element: ET.Element) -> str:
    """Return the name of an element without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def guid_of(element: ET.Element) -> str:
    """Return the GUID of an element, as `plain_guid` writes it."""
    return plain_guid(element.get("guid", ""))


def plain_guid(text: str) -> str:
    """Return a GUID in capitals without braces; what is none stays, in capitals."""
    match = _GUID.fullmatch(text.strip())
    return match[1].upper() if match else text.strip().upper()


def whole(text: str | None) -> int:
    """Return a whole number that is not negative, -1 for anything else."""
    return int(text) if text is not None and re.fullmatch(r"\s*\d{1,15}\s*", text) else -1


def child_text(element: ET.Element, tag: str) -> str:
    """Return the text of the first child of a name, empty if there is none."""
    found = next((one for one in element if local(one) == tag), None)
    return "" if found is None else (found.text or "").strip()


def child_get(element: ET.Element, tag: str, name: str) -> str:
    """Return an attribute of the first child of a name, empty if there is none."""
    found = next((one for one in element if local(one) == tag), None)
    return "" if found is None else found.get(name, "")


def tidy(text: str) -> str:
    """Return a name on one line, in one spelling (NFC), of at most 180 characters."""
    return unicodedata.normalize("NFC", " ".join(CONTROLS.sub(" ", text).split()))[:180]


def same(name: str) -> str:
    """Return what two names have in common that differ in case, blanks or spelling only."""
    return unicodedata.normalize("NFC", " ".join(name.split())).casefold()


def slug(text: str) -> str:
    """Return an id of small letters, digits and _ that is made from a name."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:48].rstrip("_") or "code"


def free(wanted: str, taken: set[str]) -> str:
    """Return the wanted id, with a number where it is taken."""
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    return name


def color_of(text: str) -> str:
    """Return a colour as #RRGGBB, grey where it is none."""
    match = _COLOR.fullmatch(text.strip())
    if match is None:
        return "#808080"
    digits = match[1] if len(match[1]) == 6 else "".join(2 * one for one in match[1])
    return f"#{digits.upper()}"
