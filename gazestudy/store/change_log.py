"""Writes down how to take back what a transaction does, by triggers of the connection it runs on.

Triggers see every row that changes, also those that go along when what they belong to is deleted.
"""

from __future__ import annotations

from sqlalchemy import Connection, Table

from gazestudy.store.schema import Base

_LOG = "undo_log"


def watch(connection: Connection) -> None:
    """Begin to write down; lasts as long as the connection.

    Parameters
    ----------
    connection : Connection
        In the transaction that is to be watched, before it changes anything.
    """
    connection.exec_driver_sql(f"CREATE TEMP TABLE {_LOG} (id INTEGER PRIMARY KEY, statement TEXT NOT NULL)")
    for table in Base.metadata.sorted_tables:
        for when, statement in (
            ("INSERT", _delete(table)),
            ("DELETE", _insert(table)),
            ("UPDATE", _update(table)),
        ):
            connection.exec_driver_sql(
                f'CREATE TEMP TRIGGER "undo_{when}_{table.name}" AFTER {when} ON main."{table.name}"'
                f" BEGIN INSERT INTO {_LOG} (statement) VALUES ({statement}); END"
            )


def written_down(connection: Connection) -> tuple[str, ...]:
    """Return the statements that take the transaction back, in the order to run them."""
    rows = connection.exec_driver_sql(f"SELECT statement FROM {_LOG} ORDER BY id DESC")
    return tuple(str(row[0]) for row in rows)


def _insert(table: Table) -> str:
    names = ", ".join(_quoted(column.name) for column in table.columns)
    values = " || ', ' || ".join(f"quote(old.{_quoted(column.name)})" for column in table.columns)
    return f"'INSERT INTO {_quoted(table.name)} ({names}) VALUES (' || {values} || ')'"


def _delete(table: Table) -> str:
    return f"'DELETE FROM {_quoted(table.name)} WHERE ' || {_same_row(table)}"


def _update(table: Table) -> str:
    values = " || ', ' || ".join(
        f"'{_quoted(column.name)} = ' || quote(old.{_quoted(column.name)})" for column in table.columns
    )
    return f"'UPDATE {_quoted(table.name)} SET ' || {values} || ' WHERE ' || {_same_row(table)}"


def _same_row(table: Table) -> str:
    return " || ' AND ' || ".join(
        f"'{_quoted(column.name)} = ' || quote(new.{_quoted(column.name)})" for column in table.primary_key
    )


def _quoted(name: str) -> str:
    return f'"{name}"'
