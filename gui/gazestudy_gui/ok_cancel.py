"""The two buttons at the end of most dialogs."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtWidgets import QDialog, QDialogButtonBox, QPushButton


class OkCancel(QDialogButtonBox):
    """Ok, which takes what the dialog holds, and Cancel, which closes it.

    Parameters
    ----------
    dialog : QDialog
        Whose buttons.
    take : callable
        Called by Ok.
    """

    def __init__(self, dialog: QDialog, take: Callable[[], object]) -> None:
        super().__init__(self.StandardButton.Ok | self.StandardButton.Cancel, dialog)
        self.accepted.connect(take)
        self.rejected.connect(dialog.reject)

    @property
    def ok(self) -> QPushButton:
        """The button that takes it."""
        button = self.button(self.StandardButton.Ok)
        assert button is not None
        return button
