"""Tables that can be read and copied from."""

from rich.console import Console
from rich.table import Table


def print_whole(table: Table) -> None:
    """Wider than the terminal rather than cut: half a number is no number."""
    for column in table.columns:
        column.no_wrap = True
    console = Console()
    unbounded = console.options.update(max_width=100_000)
    console.width = max(console.width, console.measure(table, options=unbounded).maximum)
    console.print(table)
