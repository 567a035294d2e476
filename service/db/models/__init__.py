"""The tables, one file a noun.

Postgres is the truth: whatever is acknowledged stands in one of them. Each is imported here, so
that `Base.metadata` has all of them, whoever asks.
"""

from service.db.models.accuracies import Series, SeriesValue, Unplaced
from service.db.models.architectures import Architecture
from service.db.models.boards import Board, BoardCount, Place
from service.db.models.correlations import Correlation
from service.db.models.datasets import Dataset, DatasetPart, DatasetSplit, Minibatch
from service.db.models.ensembles import Ensemble, Population, PopulationScores
from service.db.models.evaluations import Evaluation
from service.db.models.jobs import Job, JobItem
from service.db.models.leases import Lease
from service.db.models.metadata import Base
from service.db.models.pass_seconds import PassSeconds
from service.db.models.protocols import Protocol
from service.db.models.scores import Score
from service.db.models.trainings import Training
from service.db.models.workers import Throughput, Worker

__all__ = [
    "Architecture",
    "Base",
    "Board",
    "BoardCount",
    "Correlation",
    "Dataset",
    "DatasetPart",
    "DatasetSplit",
    "Ensemble",
    "Evaluation",
    "Job",
    "JobItem",
    "Lease",
    "Minibatch",
    "PassSeconds",
    "Place",
    "Population",
    "PopulationScores",
    "Protocol",
    "Score",
    "Series",
    "SeriesValue",
    "Throughput",
    "Training",
    "Unplaced",
    "Worker",
]
