"""What the application remembers for one person: windows, recent studies, language, shortcuts.

Nothing that affects a result is kept here; that belongs to the study.
"""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QByteArray, QSettings

_RECENT = "recent/studies"
_MOST_RECENT = 12


def settings() -> QSettings:
    """Return the settings of this person, an INI file on every system."""
    return QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "gazestudy", "gazestudy")


def recent_studies() -> list[Path]:
    """Return the studies that were opened, the latest first, also those that are gone."""
    stored = settings().value(_RECENT, [], list) or []
    return [Path(text) for text in stored if text]


def remember_study(path: Path) -> None:
    """Put a study at the head of the recent ones."""
    others = [known for known in recent_studies() if known != path]
    settings().setValue(_RECENT, [str(known) for known in [path, *others][:_MOST_RECENT]])


def forget_study(path: Path) -> None:
    """Take a study off the list of recent ones; nothing happens to the study."""
    settings().setValue(_RECENT, [str(known) for known in recent_studies() if known != path])


def language() -> str:
    """Return the chosen language, empty if none was chosen."""
    return str(settings().value("interface/language", "", str))


def set_language(code: str) -> None:
    """Remember a language."""
    settings().setValue("interface/language", code)


def shortcut(action_id: str, usual: str) -> str:
    """Return the shortcut of an action, as changed by the person or as usual."""
    return str(settings().value(f"shortcuts/{action_id}", usual, str))


def set_shortcut(action_id: str, keys: str | None) -> None:
    """Remember a shortcut; None returns to the usual one."""
    store = settings()
    if keys is None:
        store.remove(f"shortcuts/{action_id}")
    else:
        store.setValue(f"shortcuts/{action_id}", keys)


def window_state(name: str) -> tuple[QByteArray, QByteArray]:
    """Return geometry and state of a window as it was left; both may be empty."""
    store = settings()
    return (
        store.value(f"{name}/geometry", QByteArray(), QByteArray),
        store.value(f"{name}/state", QByteArray(), QByteArray),
    )


def remember_window(name: str, geometry: QByteArray, state: QByteArray) -> None:
    """Remember geometry and state of a window."""
    store = settings()
    store.setValue(f"{name}/geometry", geometry)
    store.setValue(f"{name}/state", state)
