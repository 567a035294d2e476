"""Whose turn it is, of requests that take minutes: one at a time, so that others have the rest."""

import asyncio


class Turns:
    """Of one API process; waiters come in the order in which they asked."""

    def __init__(self) -> None:
        self.reading = asyncio.Lock()
        """Held for a piece of a table at a time: several tables are read by turns in one thread."""
        self.writing = asyncio.Lock()
        """Held for a whole table: tables take one connection of the pool, however many they are."""
