"""Every address, limit and timeout, each a NASCORE_ environment variable, each with its reason."""

from functools import cache

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read once from the environment."""

    model_config = SettingsConfigDict(env_prefix="NASCORE_", extra="ignore")

    database_url: str = Field(
        "postgresql+psycopg://nascore@localhost/nascore",
        description="PostgreSQL, the truth. `nascore up` sets it to its own server.",
    )
    redis_url: str = Field(
        "redis://localhost:6379/0",
        description="Redis or Valkey: doorbells and events. It may be lost at any time.",
    )
    metrics_address: str = Field(
        "127.0.0.1",
        description="Where a worker with `--metrics-port` listens: on this host alone, for nothing "
        "asks who reads. A container wants 0.0.0.0.",
    )
    server: str = Field(
        "http://127.0.0.1:8000", description="Where the command line finds the service."
    )

    architectures_limit: int = Field(
        10_000,
        description="Architectures in one request, or to choose from in one of `/propose`: 0.3 s "
        "of rows, 10 MB of answer.",
    )
    live_limit: int = Field(
        100,
        description="Requests of more architectures are bulk work: live work goes before it, and "
        "nobody shall put hours before the others.",
    )
    queue_limit: int = Field(
        100_000,
        description="Unanswered architectures of live jobs, of bulk jobs, and of trainings, before "
        "a request for more is answered 503: ten full requests, hours of work for one worker, and "
        "of trainings months.",
    )
    queue_full_retry_seconds: int = Field(
        30, description="What `Retry-After` says while the queue is full."
    )
    job_days: float = Field(
        7.0, description="An ended job and its item list are kept so long. Scores stay forever."
    )
    body_bytes_limit: int = Field(
        8 * 2**20,
        description="A request body: 10,000 NB101 matrices with their operations are 4 MB.",
    )
    accuracies_limit: int = Field(
        500_000, description="Rows of one table of accuracies: NB101 has 423,624 architectures."
    )
    accuracies_body_bytes_limit: int = Field(
        256 * 2**20,
        description="Such a table: half a million NB101 cells as JSON are 180 MB. It is never "
        "whole in memory.",
    )
    accuracies_piece_seconds: float = Field(
        30.0,
        description="Between two pieces of such a table; who is silent for longer has gone, and is "
        "answered 408.",
    )
    accuracies_at_once: int = Field(
        32,
        description="Tables that an API process reads at a time, by turns; more are answered 503. "
        "Each has a temporary file and under a megabyte of memory.",
    )
    points_limit: int = Field(
        100_000,
        description="Of one answer of `/correlation/points`: those of the lowest hashes, as good "
        "as any draw. More than a plot can show, in 8 MB of JSON.",
    )
    page_limit: int = Field(
        1_000, description="Rows of one page, or of the best of `/propose`: under 1 MB of JSON."
    )
    wait_seconds_limit: int = Field(
        300, description="The longest `Prefer: wait`: proxies cut quiet connections after that."
    )
    poll_seconds: float = Field(
        2.0,
        description="How often a waiting request looks into Postgres when Redis says nothing.",
    )
    keep_alive_seconds: float = Field(
        15.0,
        description="A quiet event stream sends a comment so often: proxies cut silent ones.",
    )
    look_seconds: float = Field(
        1.0,
        description="An API process looks no more often at what the whole service does, for all "
        "who ask it together, and less often where a look takes more than a tenth of that.",
    )
    stream_seconds: float = Field(
        900.0,
        description="A stream of the whole service's events ends after so long, and an EventSource "
        "comes back: to the new process after an upgrade, behind a balancer to any.",
    )
    retry_after_seconds: int = Field(
        1, description="What `Retry-After` says of an unfinished job: about one chunk of work."
    )
    database_pool: int = Field(
        10, description="Connections an API process keeps; PostgreSQL allows 100 by default."
    )
    database_pool_timeout_seconds: float = Field(
        30.0,
        description="A request waits this long for a connection, or `/correlation/points` for its "
        "turn, before it is answered 503.",
    )
    database_lock_seconds: float = Field(
        5.0,
        description="A request waits this long for rows that others hold before it is answered "
        "503: ten thousand architectures are stored in two, and who waits keeps a connection.",
    )
    database_transaction_seconds: float = Field(
        60.0,
        description="PostgreSQL ends a transaction that is idle for so long: its host has gone.",
    )
    redis_timeout_seconds: float = Field(
        2.0, description="Redis answers in under a millisecond; after this it counts as gone."
    )

    lease_seconds: float = Field(
        30.0,
        description="A worker unheard of for so long is dead and its work is taken up again.",
    )
    sweep_seconds: float = Field(
        5.0, description="How often a worker heals lost doorbells and dead workers' leases."
    )
    idle_seconds: float = Field(
        2.0, description="How long an idle worker waits for a doorbell before it looks itself."
    )
    chunk_seconds: float = Field(
        1.0, description="Work claimed at once: live work waits for one such chunk at most."
    )
    write_seconds: float = Field(
        1.0,
        description="Results of a chunk are written together so often, and at its end: a commit "
        "each would take a tenth of a fast evaluation's time, four a second a twentieth.",
    )
    chunk_limit: int = Field(
        64, description="Rows locked while a chunk is chosen: so many small ones fill a second."
    )
    attempts_limit: int = Field(
        3, description="An architecture that so often was alone when its worker died is set aside."
    )
    worker_seen_seconds: float = Field(
        30.0, description="`/readyz` wants a worker heard of within this time: three heartbeats."
    )
    stop_seconds: float = Field(
        10.0,
        description="A worker told to stop has this long to finish the architecture at hand; "
        "then it puts that one back too.",
    )
    training_turn_seconds: float = Field(
        60.0,
        description="A training lets those of other jobs go on after this long, at the end of its "
        "epoch; its own job is in turn again after them.",
    )
    checkpoint_days: float = Field(
        1.0,
        description="A reduced training that nobody asked more of for so long loses its "
        "checkpoint, twice its parameters: a longer one begins anew. Its epochs "
        "stay.",
    )
    heavy_seconds: float = Field(
        5.0,
        description="A worker kept for live work takes no bulk architecture that costs more.",
    )

    evidence_seconds: float = Field(
        60.0,
        description="How often a worker looks which correlations are missing or stale, once it has "
        "computed those it knew of: while scores arrive, each is computed again so often at most.",
    )

    evidence_patience_seconds: float = Field(
        3_600.0,
        description="How old a correlation becomes before it is computed again for fewer than a "
        "hundredth more scores, which change little: on a busy service there are always some. One "
        "whose accuracies have changed does not wait for it.",
    )

    worker_memory_bytes: int = Field(
        0,
        description="What one architecture may take of a worker's memory; one that needs more is "
        "set aside as `too-large`, for running out of it kills a worker. 0: three quarters of the "
        "machine's memory, shared by its workers, or what is free on a GPU.",
    )

    dataset_bytes_limit: int = Field(
        2 * 2**30,
        description="A dataset's file, and what it unpacks to: ImageNet16 whole is 1.0 GB.",
    )
    dataset_pickle_bytes_limit: int = Field(
        256 * 2**20, description="One pickle of a dataset, held in memory: CIFAR-100's is 155 MB."
    )
    dataset_pickle_operations_limit: int = Field(
        1_000_000,
        description="Of one pickle: CIFAR-100's has about 200,000; each may cost 100 bytes.",
    )
    dataset_files_limit: int = Field(
        100_000,
        description="Files in a folder of images, or in an archive: all are read, 5 ms each.",
    )
    dataset_image_bytes_limit: int = Field(
        32 * 2**20, description="One image file: no photograph of the pixels below is larger."
    )
    dataset_image_pixels_limit: int = Field(
        2**25,
        description="One image: a small file can claim it, and reading takes 250 MB, WebP 550.",
    )
    dataset_full_images_limit: int = Field(
        200_000,
        description="Images of a dataset that is stored whole, in both splits: ImageNet16-120 has "
        "157,700. Each takes 3 KB of the database, and of a worker's memory while it trains.",
    )
    dataset_classes_limit: int = Field(
        25_000, description="The networks get an output for each: ImageNet-21k has 21,841."
    )

    log_level: str = Field("info", description="debug, info, warning or error.")


@cache
def settings() -> Settings:
    return Settings()
