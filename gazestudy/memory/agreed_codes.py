"""One code per answer from what two coders, who never saw each other's codes, made of it."""

from __future__ import annotations

import pandas as pd

from gazestudy.errors import ParameterError

ANSWER_KEYS = ["interview_id", "item", "answer_no", "stimulus"]


def agreed_codes(answer_codes: pd.DataFrame, *, primary: str = "") -> pd.DataFrame:
    """Return the code that counts for each coded answer.

    Parameters
    ----------
    answer_codes : DataFrame
        Contract `ANSWER_CODES`.
    primary : str, optional
        Coder who counts where coders differ. "" takes the one who coded most answers, the first by name among
        equals.

    Returns
    -------
    DataFrame
        The rows of the coder who counts, usually one per answer (several where one answer names several
        things): `interview_id`, `item`, `answer_no`, `stimulus`, `placement_id`, `code`, `coder` (whose code
        it is), `coders` (how many coded the answer), `agreed` (all gave the same codes and placements).

    Raises
    ------
    ParameterError
        If nobody of that name coded anything.

    Examples
    --------
    >>> names = ["interview_id", "item", "answer_no", "stimulus", "coder", "placement_id", "code"]
    >>> both = (("A", "correct"), ("B", "wrong"))
    >>> rows = [("i1", "attr", 0, "p1", coder, "hall", code) for coder, code in both]
    >>> agreed_codes(pd.DataFrame(rows, columns=names))[["code", "coders", "agreed"]].to_numpy().tolist()
    [['correct', 2, False]]
    """
    if answer_codes.empty:
        nothing = answer_codes[[*ANSWER_KEYS, "placement_id", "code", "coder"]]
        return nothing.assign(coders=pd.Series(dtype="int64"), agreed=pd.Series(dtype="bool"))
    counts = answer_codes["coder"].value_counts()
    if primary and primary not in counts.index:
        raise ParameterError("primary", primary, "a coder: " + ", ".join(sorted(counts.index)))
    chosen = primary or min(counts.index, key=lambda coder: (-counts[coder], coder))
    table = answer_codes.assign(_rank=(answer_codes["coder"] != chosen).astype(int))
    table = table.sort_values(["_rank", "coder", "placement_id", "code"], kind="stable")
    table["_said"] = table["code"] + "\0" + table["placement_id"] + "\0"
    versions = table.groupby([*ANSWER_KEYS, "coder"], sort=False)["_said"].sum().reset_index()
    answers = versions.groupby(ANSWER_KEYS, sort=False)
    about = answers.agg(coder=("coder", "first"), coders=("coder", "size"), _versions=("_said", "nunique"))
    about["agreed"] = about.pop("_versions") == 1
    columns = [*ANSWER_KEYS, "placement_id", "code", "coder"]
    return table[columns].merge(about.reset_index(), on=[*ANSWER_KEYS, "coder"])
