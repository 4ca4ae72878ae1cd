"""One file for each recording format, in folders by maker; importing them makes them known."""

from gazestudy.importers.recordings import adhawk, argus, gazepoint, glassestools, seetrue, viewpointsystem
from gazestudy.importers.recordings.aria import mps
from gazestudy.importers.recordings.eyelink import asc
from gazestudy.importers.recordings.pupil import cloud, core, core_export, native
from gazestudy.importers.recordings.smi import begaze
from gazestudy.importers.recordings.tables import generic
from gazestudy.importers.recordings.tobii import glasses2, glasses3, pro_lab

__all__ = [
    "adhawk",
    "argus",
    "asc",
    "begaze",
    "cloud",
    "core",
    "core_export",
    "gazepoint",
    "generic",
    "glasses2",
    "glasses3",
    "glassestools",
    "mps",
    "native",
    "pro_lab",
    "seetrue",
    "viewpointsystem",
]
