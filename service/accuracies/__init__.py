"""Tables of trained accuracies and of other tools' scores: what is read from them, row by row.

Knows the benches and no database; `service.db.accuracies` writes what is read here.
"""

from service.accuracies.facts import Facts, Kind, Split, accuracy
from service.accuracies.intake import BadRow, Intake, TableError, TooManyRowsError
from service.accuracies.rows import Row, Speller

__all__ = [
    "BadRow",
    "Facts",
    "Intake",
    "Kind",
    "Row",
    "Speller",
    "Split",
    "TableError",
    "TooManyRowsError",
    "accuracy",
]
