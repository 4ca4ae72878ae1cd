"""Entry sheets as one XLSX workbook: lists to choose from, numbers checked, broken rules in bold on grey."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gazestudy.protocol.canonical import is_per_placement
from gazestudy.protocol.document import Protocol
from gazestudy.protocol.items import Item
from gazestudy.protocol.targets.csv_sheets import label_row, not_in_tables
from gazestudy.protocol.targets.registry import ExportOptions, protocol_target
from gazestudy.protocol.targets.sheets import Sheet, entry_sheets

_FIRST = 3
_WHOLE_ROWS = 500


@protocol_target("xlsx", "entry sheets as one Excel workbook", ".xlsx")
def write_xlsx(protocol: Protocol, out: Path, options: ExportOptions) -> list[str]:
    """Write the entry tables with their checks, and a sheet of definitions."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    sheets = entry_sheets(protocol, options)
    across: list[str] = []
    for sheet in sheets:
        page = book.create_sheet(sheet.name)
        _fill(page, sheet)
        _lists(page, sheet, book)
        across += _rules(page, sheet, bool(options.placements))
    _definitions(book, protocol, options.language)
    book.save(out)
    dropped = not_in_tables(protocol, options)
    if across:
        dropped.append(f"rules between rows, checked on import: {'; '.join(across)}")
    return dropped


def _fill(page: Any, sheet: Sheet) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    grey = PatternFill("solid", fgColor="FFD9D9D9")
    page.append(sheet.columns)
    page.append(label_row(sheet))
    for cell in page[1]:
        cell.font = Font(name="Consolas", size=9, color="FF666666")
    for cell in page[2]:
        cell.font = Font(bold=True)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    for number, (row, closed) in enumerate(zip(sheet.rows, sheet.closed, strict=True), start=_FIRST):
        for column, name in enumerate(sheet.columns, start=1):
            cell = page.cell(number, column)
            if name in row:
                cell.value = row[name]
            if name in closed:
                cell.fill = grey
    for column, name in enumerate(sheet.columns, start=1):
        page.column_dimensions[get_column_letter(column)].width = 16 if name in sheet.items else 13
    page.freeze_panes = page.cell(_FIRST, 1)


def _lists(page: Any, sheet: Sheet, book: Any) -> None:
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    last = _FIRST + max(len(sheet.rows), _WHOLE_ROWS) - 1
    for column, name in enumerate(sheet.columns, start=1):
        letter = get_column_letter(column)
        check = None
        item = sheet.items.get(name)
        if name in sheet.lists and (item is None or item.type != "multi"):
            check = DataValidation(type="list", formula1=_list_range(book, sheet, name), allow_blank=True)
        elif item is not None and item.numeric:
            check = _number_check(item)
        if check is not None:
            check.showErrorMessage = True
            check.errorTitle = name
            check.error = ", ".join(sheet.lists.get(name, []))[:200] or _bounds(item)
            page.add_data_validation(check)
            check.add(f"{letter}{_FIRST}:{letter}{last}")


def _list_range(book: Any, sheet: Sheet, name: str) -> str:
    """Write a list of codes into the sheet `lists` and return its range: in the cell it may be too long."""
    from openpyxl.utils import get_column_letter

    page = book["lists"] if "lists" in book.sheetnames else book.create_sheet("lists")
    page.sheet_state = "hidden"
    column = 1 if page.cell(1, 1).value is None else page.max_column + 1
    page.cell(1, column, f"# {sheet.name}.{name}")
    for number, code in enumerate(sheet.lists[name], start=2):
        page.cell(number, column, code)
    letter = get_column_letter(column)
    return f"lists!${letter}$2:${letter}${len(sheet.lists[name]) + 1}"


def _limits(item: Item | None) -> tuple[float | None, float | None]:
    if item is None:
        return None, None
    if item.type == "scale":
        return 1, item.points
    low = 0 if item.type == "count" else getattr(item, "min", None)
    return low, getattr(item, "max", None)


def _bounds(item: Item | None) -> str:
    low, high = _limits(item)
    return " ".join(
        part
        for part in (f">= {low}" if low is not None else "", f"<= {high}" if high is not None else "")
        if part
    )


def _number_check(item: Item) -> Any:
    from openpyxl.worksheet.datavalidation import DataValidation

    low, high = _limits(item)
    kind = "decimal" if item.type == "decimal" else "whole"
    return DataValidation(
        type=kind,
        operator="between",
        formula1=str(low if low is not None else -1_000_000_000),
        formula2=str(high if high is not None else 1_000_000_000),
        allow_blank=True,
    )


def _rules(page: Any, sheet: Sheet, placements: bool) -> list[str]:
    """Mark cells that break a rule; returns the rules that lie across rows."""
    from openpyxl.formatting.rule import FormulaRule
    from openpyxl.styles import Font, PatternFill
    from openpyxl.utils import get_column_letter

    across = []
    opposite = {"<=": ">", ">=": "<", "<": ">=", ">": "<=", "=": "<>"}
    letters = {name: get_column_letter(i) for i, name in enumerate(sheet.columns, start=1)}
    for rule, _ in sheet.rules:
        kinds = {is_per_placement(sheet.items[name]) for name in rule.items}
        if placements and len(kinds) > 1:
            across.append(rule.write())
            continue
        broken = rule.write(lambda name: f"${letters[name]}{_FIRST}", opposite)
        filled = ",".join(f'${letters[name]}{_FIRST}<>""' for name in rule.items)
        last = _FIRST + max(len(sheet.rows), _WHOLE_ROWS) - 1
        for name in rule.items:
            page.conditional_formatting.add(
                f"{letters[name]}{_FIRST}:{letters[name]}{last}",
                FormulaRule(
                    formula=[f"AND({filled},{broken})"],
                    font=Font(bold=True, color="FFFFFFFF"),
                    fill=PatternFill("solid", bgColor="FF404040"),
                ),
            )
    return across


def _definitions(book: Any, protocol: Protocol, language: str) -> None:
    from openpyxl.styles import Alignment, Font

    page = book.create_sheet("definitions")
    page.append(["# id", protocol.text(protocol.title, language), ""])
    for cell in page[1]:
        cell.font = Font(bold=True)
    for block in protocol.item_blocks():
        page.append(
            [
                f"# {block.id}",
                protocol.text(block.title, language),
                protocol.text(block.instructions, language),
            ]
        )
        for item in block.items:
            page.append(
                [item.id, protocol.text(item.label, language), protocol.text(item.definition, language)]
            )
            if item.type in ("choice", "multi"):
                for choice in protocol.choices[item.choices]:
                    page.append([f"  {choice.code}", protocol.text(choice.label, language), ""])
    for focal in protocol.focal_blocks():
        page.append([f"# {focal.id}", protocol.text(focal.title, language), ""])
        for one in focal.behaviours:
            page.append(
                [one.code, protocol.text(one.label, language), protocol.text(one.definition, language)]
            )
    for name, width in (("A", 22), ("B", 32), ("C", 90)):
        page.column_dimensions[name].width = width
    for row in page.iter_rows():
        row[2].alignment = Alignment(wrap_text=True, vertical="top")
