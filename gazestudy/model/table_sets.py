"""What belongs together in several tables, each with its contract: field logs, interviews."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import pandas as pd

from gazestudy.model.tables import TableContract


class TableSet:
    """Mix-in of a data class whose tables are attributes, named by their contracts."""

    __slots__ = ()
    contracts: ClassVar[Mapping[str, TableContract]]

    def check(self, where: str = "") -> Self:
        """Return the set unchanged if every table keeps its contract.

        Parameters
        ----------
        where : str, optional
            Where it came from, for the error text.

        Raises
        ------
        TableError
            With every breach of the first table that has one.
        """
        for name, table in self.tables().items():
            self.contracts[name].check(table, where)
        return self

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by name, in the order of the contracts."""
        return {name: getattr(self, name) for name in self.contracts}


def stacked(sets: Sequence[TableSet], name: str) -> Any:
    """Return the rows of one table of several sets in the given order; an empty list where there are none."""
    filled = [table for table in (one.tables()[name] for one in sets) if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else []
