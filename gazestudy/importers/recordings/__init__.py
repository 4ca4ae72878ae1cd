"""One file for each recording format; importing them makes them known."""

from gazestudy.importers.recordings import (
    eyelink_asc,
    generic_table,
    glassestools,
    pupil_cloud,
)

__all__ = [
    "eyelink_asc",
    "generic_table",
    "glassestools",
    "pupil_cloud",
]
