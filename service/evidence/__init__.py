"""How far a score can be trusted: how it orders architectures beside their trained accuracies.

Pure functions of numbers: no database, no torch. SciPy gives the rank correlations.
"""

from service.evidence.findings import METRICS, Findings, Found, Interval, Undefined, findings
from service.evidence.members import LEAST, Members

__all__ = [
    "LEAST",
    "METRICS",
    "Findings",
    "Found",
    "Interval",
    "Members",
    "Undefined",
    "findings",
]
