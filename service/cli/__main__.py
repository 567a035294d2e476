"""`python -m service.cli` is `nascore`."""

from service.cli import app

app()
