"""Lists in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def in_short(words: Iterable[object], most: int = 5, *, between: str = ", ") -> str:
    """Return the first few of a list and how many more there are.

    Parameters
    ----------
    words : iterable
        What is listed.
    most : int, default 5
        How many are named.
    between : str, default ", "
        What stands between them.

    Examples
    --------
    >>> in_short(["a", "b"]), in_short("abcdefgh", 3)
    ('a, b', 'a, b, c and 5 more')
    """
    listed = [str(word) for word in words]
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return between.join(listed[:most]) + more


def count_or_names(names: Sequence[str], many: str, most: int = 3) -> str:
    """Return names where they are few, else how many there are and the first of them.

    Parameters
    ----------
    names : sequence of str
        What is listed.
    many : str
        What several of them are called.
    most : int, default 3
        How many are named.

    Examples
    --------
    >>> count_or_names(["hall"], "placements"), count_or_names("abcde", "placements")
    ('hall', '5 placements (a, b, c and 2 more)')
    """
    listed = in_short(names, most)
    return listed if len(names) <= most else f"{len(names)} {many} ({listed})"


def counted(n: int, one: str, many: str = "") -> str:
    """Return a count with its noun.

    Examples
    --------
    >>> counted(1, "participant"), counted(3, "participant"), counted(0, "day", "days")
    ('1 participant', '3 participants', '0 days')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"
