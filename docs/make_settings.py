"""Prints docs/settings.md from the settings themselves: python docs/make_settings.py."""

import sys

from service.settings import Settings

HEAD = """# Settings

Every setting is an environment variable, read once when a process starts. Give the API and the
workers of one service the same values. Made by `python docs/make_settings.py > docs/settings.md`.

| variable | type | default | what it is |
|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    prefix = Settings.model_config["env_prefix"]
    rows = []
    for name, field in Settings.model_fields.items():
        kind = getattr(field.annotation, "__name__", str(field.annotation))
        variable = f"{prefix}{name}".upper()
        rows.append(f"| `{variable}` | {kind} | `{field.default}` | {field.description} |\n")
    return HEAD + "".join(rows)


if __name__ == "__main__":
    sys.stdout.write(page())
