"""Every action of the application: one table with its menu, text and shortcut.

Menus, the searchable command list and the list of shortcuts are all made from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from PyQt6.QtCore import QObject, Qt
from PyQt6.QtGui import QAction, QKeySequence
from PyQt6.QtWidgets import QMainWindow, QMenu, QWidget

from gazestudy_gui import preferences
from gazestudy_gui.words import tr


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """An action.

    Attributes
    ----------
    id : str
        Unique; also the key of a changed shortcut.
    menu : str
        Menu it is in, English.
    text : str
        What it is called, English.
    keys : str
        Usual shortcut in portable form, empty for none; several, the shown one first, with ", " between them.
    tip : str
        One sentence for the status bar, English.
    writes : bool
        True if it needs a study that can be edited.
    local : bool
        True if the shortcut counts only while the view it belongs to has the focus (single keys).
    separated : bool
        True to draw a line above it in the menu.
    """

    id: str
    menu: str
    text: str
    keys: str = ""
    tip: str = ""
    writes: bool = False
    local: bool = False
    separated: bool = False


class ActionBook(QObject):
    """The actions of a window.

    Parameters
    ----------
    window : QMainWindow
        Whose menu bar they are in.
    menus : tuple of str
        Menus in order, English.
    """

    def __init__(self, window: QMainWindow, menus: tuple[str, ...]) -> None:
        super().__init__(window)
        self._window = window
        self._menus: dict[str, QMenu] = {}
        self.specs: dict[str, ActionSpec] = {}
        self.actions: dict[str, QAction] = {}
        self._does: dict[str, Callable[[], object]] = {}
        for menu in menus:
            self.menu(menu)

    def menu(self, name: str) -> QMenu:
        """Return a menu by its English name, made when it is first asked for."""
        if name not in self._menus:
            bar = self._window.menuBar()
            assert bar is not None
            menu = bar.addMenu(tr(name))
            assert menu is not None
            menu.setObjectName(f"menu {name}")
            self._menus[name] = menu
        return self._menus[name]

    def add(self, spec: ActionSpec, does: Callable[[], object], *, owner: QWidget | None = None) -> QAction:
        """Put an action into its menu; one that was promised gets what it does.

        Parameters
        ----------
        spec : ActionSpec
            What it is.
        does : callable
            What happens.
        owner : QWidget, optional
            For `spec.local`: the view whose focus it needs.
        """
        self._does[spec.id] = does
        if spec.id in self.actions:
            if spec.local and owner is not None:
                owner.addAction(self.actions[spec.id])
            return self.actions[spec.id]
        action = QAction(tr(spec.text), self)
        action.setObjectName(spec.id)
        if spec.tip:
            action.setStatusTip(tr(spec.tip))
            action.setToolTip(tr(spec.tip))
        action.triggered.connect(lambda _checked=False: self._does[spec.id]())
        self.adopt(spec, action, owner=owner)
        return action

    def promise(self, spec: ActionSpec, make: Callable[[], object]) -> None:
        """Put an action into its menu whose view is not made yet.

        Parameters
        ----------
        spec : ActionSpec
            What it is.
        make : callable
            Makes the view, which adds an action of the same id; that is done then.
        """

        def first() -> None:
            make()
            if self._does[spec.id] is not first:
                self._does[spec.id]()

        self.add(spec, first)

    def adopt(self, spec: ActionSpec, action: QAction, *, owner: QWidget | None = None) -> None:
        """Put an action that exists already, such as that of an undo stack, into its menu."""
        action.setObjectName(spec.id)
        keys = preferences.shortcut(spec.id, spec.keys)
        action.setShortcuts(_sequences(keys))
        if spec.local:
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        menu = self.menu(spec.menu)
        if spec.separated:
            menu.addSeparator()
        menu.addAction(action)
        if spec.local and owner is not None:
            owner.addAction(action)
        self.specs[spec.id], self.actions[spec.id] = spec, action

    def allow_writing(self, allowed: bool) -> None:
        """Enable or disable what needs a study that can be edited."""
        for name, spec in self.specs.items():
            if spec.writes:
                self.actions[name].setEnabled(allowed)

    def set_keys(self, name: str, keys: str | None) -> None:
        """Change a shortcut and remember that; None returns to the usual one."""
        preferences.set_shortcut(name, keys)
        self.actions[name].setShortcuts(_sequences(self.specs[name].keys if keys is None else keys))

    def user_of(self, keys: QKeySequence, *, but: str = "") -> str:
        """Return the id of the action that has a shortcut already, empty for none.

        Single keys of views of different menus never meet, since only one view has the focus.
        """
        own = self.specs.get(but)
        for name, action in self.actions.items():
            spec = self.specs[name]
            apart = own is not None and own.local and spec.local and own.menu != spec.menu
            if name != but and not keys.isEmpty() and not apart and keys in action.shortcuts():
                return name
        return ""

    def may_have(self, name: str, keys: QKeySequence) -> bool:
        """Return False for a single letter, digit or sign that would count wherever somebody types."""
        if self.specs[name].local or keys.isEmpty():
            return True
        pressed = keys[0]
        shift = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
        is_bare = not pressed.keyboardModifiers() & ~shift
        return not (is_bare and pressed.key() < Qt.Key.Key_Escape)


def _sequences(keys: str) -> list[QKeySequence]:
    return [QKeySequence.fromString(one) for one in keys.split(", ") if one]


def plain(text: str) -> str:
    """Return the text of an action without the marks for its access key."""
    without = re.sub(r"\(&\w\)", "", text)  # as in languages that do not use our letters
    without = without.replace("&&", "\0").replace("&", "").replace("\0", "&")
    return without.removesuffix("…").removesuffix("...").rstrip()
