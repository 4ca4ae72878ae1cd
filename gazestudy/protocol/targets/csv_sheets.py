"""Entry sheets as CSV files in a folder, one for each table."""

from __future__ import annotations

import csv
from pathlib import Path

from gazestudy.protocol.document import Protocol
from gazestudy.protocol.targets.registry import ExportOptions, protocol_target
from gazestudy.protocol.targets.sheets import Sheet, entry_sheets


@protocol_target("csv", "entry sheets as CSV files in a folder", "")
def write_csv(protocol: Protocol, out: Path, options: ExportOptions) -> list[str]:
    """Write the entry tables; UTF-8 with a byte order mark, which Excel needs to read Thai and Chinese."""
    out.mkdir(parents=True)
    sheets = entry_sheets(protocol, options)
    for sheet in sheets:
        with (out / f"{sheet.name}.csv").open("w", encoding="utf-8-sig", newline="") as file:
            table = csv.writer(file)
            table.writerow(sheet.columns)
            table.writerow(label_row(sheet))
            for row in sheet.rows:
                table.writerow([row.get(column, "") for column in sheet.columns])
    dropped = not_in_tables(protocol, options)
    if any(sheet.lists for sheet in sheets):
        dropped.append("lists of answers: codes are typed, and checked on import")
    if any(block.rules for block in protocol.item_blocks()):
        dropped.append("rules: they are checked on import, not while typing")
    return dropped


def label_row(sheet: Sheet) -> list[str]:
    """Return the row for people: it begins with "#", and importers skip it."""
    labels = [sheet.labels.get(column, "") for column in sheet.columns]
    return [f"# {labels[0]}", *labels[1:]]


def not_in_tables(protocol: Protocol, options: ExportOptions) -> list[str]:
    """Return what no table of answers holds."""
    dropped = []
    others = [language for language in protocol.languages if language != options.language]
    if others:
        dropped.append(f"labels in other languages ({', '.join(others)})")
    items = [item for block in protocol.item_blocks() for item in block.items]
    if any(item.when is not None for item in items):
        dropped.append("conditions under which items are asked")
    if any(item.type in ("photo", "audio") for item in items):
        dropped.append("pictures and sounds: type the name of the file")
    focal = list(protocol.focal_blocks())
    if any(block.exclusive for block in focal):
        dropped.append("which states end each other: type the end of every state")
    if focal:
        dropped.append("keys of behaviours")
    return dropped
