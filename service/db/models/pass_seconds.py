"""What passes take."""

from sqlalchemy import BigInteger, Double
from sqlalchemy.orm import Mapped, mapped_column

from service.db.models.metadata import Base


class PassSeconds(Base):
    """What a pass has taken by now, all evaluations on one kind of device together.

    By the protocol's name: seeds and datasets change no time, and whoever asks for many makes no
    rows.
    """

    __tablename__ = "pass_seconds"

    bench: Mapped[str] = mapped_column(primary_key=True)
    protocol: Mapped[str] = mapped_column(primary_key=True)
    device: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    """See `service.cost`."""
    evaluations: Mapped[int] = mapped_column(BigInteger)
    seconds: Mapped[float] = mapped_column(Double)
