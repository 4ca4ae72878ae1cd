"""Figures as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gazestudy.errors import ParameterError
from gazestudy.store.atomic import write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_KINDS: dict[str, Literal["png", "svg", "pdf"]] = {".png": "png", ".svg": "svg", ".pdf": "pdf"}


def write_figure(axes: Axes, path: Path) -> None:
    """Write the figure of axes, whole or not at all.

    Parameters
    ----------
    axes : Axes
        From a function of `gazestudy.plots`.
    path : Path
        A name that ends in .png, .svg or .pdf.

    Raises
    ------
    ParameterError
        For another ending.
    """
    from gazestudy.plots import figure_bytes

    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        raise ParameterError("--figure", path.name, "a name that ends in .png, .svg or .pdf")
    figure = axes.get_figure(root=True)
    assert figure is not None  # axes of a figure that was just drawn
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, figure_bytes(figure, kind))
