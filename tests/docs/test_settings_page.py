"""docs/settings.md says what the settings are now."""

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_up_to_date() -> None:
    made = runpy.run_path(str(DOCS / "make_settings.py"))["page"]()
    assert (DOCS / "settings.md").read_text() == made, (
        "run: python docs/make_settings.py > docs/settings.md"
    )
