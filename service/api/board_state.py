"""A board as it stands at one moment: what every page of it depends on, whichever it is."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy.ext.asyncio import AsyncSession

from service.api import asking, board_query
from service.api.answers import NO_POPULATION
from service.api.board_query import Which
from service.catalogue import Proxy
from service.db import boards, models, protocols
from service.db.boards import Filter
from service.ensembles import Ensemble
from service.protocol import Protocol


@dataclass(frozen=True, slots=True)
class BoardState:
    """Of one moment as long as its session reads one."""

    protocol: Protocol
    stored: protocols.Stored | None
    """None where nothing was asked under the protocol."""
    ranked_by: Proxy | Ensemble
    ranking: boards.Ranking
    wanted: Filter
    counts: boards.Counts
    trained: models.Series | None
    """Of which the accuracies are."""
    truths: Sequence[tuple[int, int]]
    """For who filters by accuracies: every series of them, and how often it was written to."""

    @property
    def name(self) -> str:
        """The same for all that goes through the same rows."""
        name = f"{self.protocol.digest}/{self.ranked_by.name}/{self.ranking.revision}"
        if self.wanted != boards.EVERYTHING:
            name += f"/{urlencode(board_query.as_query(self.wanted))}"
        return name

    @property
    def state(self) -> tuple[Hashable, ...]:
        """Another one whenever a row is another.

        Scores are only ever added: a board of as many is the same board. Accuracies are put on it
        some time after their series has changed.
        """
        counts = self.counts
        known = sum(counts.known.values()) * self.wanted.known
        series = None if self.trained is None else (self.trained.name, self.trained.changes)
        return self.name, counts.total, counts.undefined, known, series, tuple(self.truths)

    @property
    def asked(self) -> boards.Asked:
        trained = None if self.trained is None else self.trained.id
        return boards.Asked(self.ranking, self.counts, self.wanted, trained)

    @property
    def why_empty(self) -> str | None:
        """Of an ensemble that nothing has a score by, where something was asked."""
        if isinstance(self.ranked_by, Proxy) or self.stored is None or self.counts.total:
            return None
        if self.stored.population is None:
            return NO_POPULATION
        name = self.ranked_by.name
        return f"nothing is scored by all its proxies: ask for `{name}`, which brings them"


async def read(session: AsyncSession, which: Which, wanted: Filter) -> BoardState:
    """Raises ProblemError where there is no such board."""
    bench = which.bench
    protocol = await asking.protocol_named(
        session, bench, which.protocol, which.dataset, which.seed
    )
    ranked_by = await asking.proxy_named(session, which.proxy, bench, which.protocol)
    stored = await protocols.find(session, protocol.digest)
    ranking = asking.ranking(ranked_by, bench, stored)
    trained = await asking.truth_named(session, bench, which.truth)
    truths = await boards.truths(session, bench) if wanted.known else ()
    counts = await boards.counts(session, ranking)
    return BoardState(protocol, stored, ranked_by, ranking, wanted, counts, trained, truths)
