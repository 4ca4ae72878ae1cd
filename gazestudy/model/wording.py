"""Lists in sentences."""

from __future__ import annotations

from collections.abc import Iterable


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
