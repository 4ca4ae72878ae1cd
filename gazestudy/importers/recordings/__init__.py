"""One file for each recording format; importing them makes them known."""

from gazestudy.importers.recordings import (
    generic_table,
    glassestools,
    pupil_cloud,
)

__all__ = [
    "generic_table",
    "glassestools",
    "pupil_cloud",
]
