"""One file for each recording format; importing them makes them known."""

from gazestudy.importers.recordings import (
    adhawk,
    argus,
    eyelink_asc,
    generic_table,
    glassestools,
    meta_aria,
    pupil_cloud,
    pupil_core,
    pupil_core_export,
    pupil_native,
    seetrue,
    smi_begaze,
    tobii_glasses2,
    tobii_glasses3,
    tobii_pro_lab,
    viewpointsystem,
)

__all__ = [
    "adhawk",
    "argus",
    "eyelink_asc",
    "generic_table",
    "glassestools",
    "meta_aria",
    "pupil_cloud",
    "pupil_core",
    "pupil_core_export",
    "pupil_native",
    "seetrue",
    "smi_begaze",
    "tobii_glasses2",
    "tobii_glasses3",
    "tobii_pro_lab",
    "viewpointsystem",
]
