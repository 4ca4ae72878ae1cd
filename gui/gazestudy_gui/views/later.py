"""What menus say of views before those are made; a view that is made says what each command does."""

from __future__ import annotations

from gazestudy_gui.actions import ActionSpec

REVIEW = tuple(
    ActionSpec(
        f"review.{name}", "&Mapping", text, keys, writes=writes, local=True,
        separated=name in ("accept", "key_frame", "frame_next"),
    )
    for name, text, keys, writes in (
        ("next", "&Next fixation", "S", False),
        ("previous", "&Previous fixation", "A", False),
        ("next_open", "Next one not &reviewed", "Shift+S", False),
        ("previous_open", "Previous one not re&viewed", "Shift+A", False),
        ("accept", "&Accept the mapping", "D", True),
        ("off", "Not on this p&lacement", "X", True),
        ("nowhere", "&On no placement", "N", True),
        ("revert", "Re&turn to the automatic mapping", "R", True),
        ("key_frame", "&Key frame: keep, pull or click four corners", "K", True),
        ("key_points", "Key frame by other points: &details of the picture", "J", True),
        ("key_frame_remove", "Remove key &frame", "Shift+K", True),
        ("key_frame_next", "Ne&xt key frame", "]", False),
        ("key_frame_previous", "Pre&vious key frame", "[", False),
        ("frame_next", "Next p&icture", ".", False),
        ("frame_previous", "Previous pi&cture", ",", False),
        ("show", "Sho&w in the player", "P", False),
        ("run", "Fill in &between key frames and update results", "F", True),
    )
)  # fmt: skip
"""Commands of the mapping review."""

FIELDWORK = (
    ActionSpec("field.live", "&Edit", "&Log a session live", "Ctrl+L", "Count with keys, against the clock",
               writes=True, separated=True),
    ActionSpec("field.sheet", "&Edit", "Enter a paper &sheet", "Ctrl+Shift+L", "Type what observers wrote",
               writes=True),
)  # fmt: skip
"""Commands of the fieldwork view."""

EXPORTS = {
    "csv": ("Tables as &CSV with a data dictionary …", "", "Shift+F2"),
    "xlsx": ("Tables as an E&xcel workbook …", "Excel (*.xlsx)", "Shift+F3"),
    "bids": ("Recordings as &BIDS …", "", "Shift+F4"),
    "qdpx": ("Interviews for other coding programs (&QDPX) …", "REFI-QDA (*.qdpx)", "Shift+F5"),
    "qdc": ("Code book (QD&C) …", "REFI-QDA (*.qdc)", "Shift+F6"),
    "cloud": ("Recordings as tables like &Pupil Cloud …", "", "Shift+F7"),
    "glassestools": ("Recordings for &glassesTools …", "", "Shift+F8"),
}
"""Formats of a whole study: what menus say, the filter of a dialog (none for a folder), the shortcut."""

RESULTS = (
    ActionSpec("report.write", "&Analyse", "Write the &report …", "Ctrl+P",
               "The study as one page and one PDF", separated=True),
    *(
        ActionSpec(f"export.{name}", "&Analyse", text, keys, separated=name == "csv")
        for name, (text, _filter, keys) in EXPORTS.items()
    ),
)  # fmt: skip
"""Commands of the results."""

INTERVIEWS = (
    ActionSpec("interview.new", "&Edit", "New &interview …", "Ctrl+Shift+N",
               "Type the answers of a participant", writes=True, separated=True),
)  # fmt: skip
"""Commands of the interviews."""
