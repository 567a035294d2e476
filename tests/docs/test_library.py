"""The examples of the library's pages and of the README print what they say."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", ["README.md", "docs/library.md", "docs/reduced_training.md"])
def test_the_examples_run(page: str) -> None:
    examples = "".join(re.findall(r"^```pycon\n(.*?)^```", (ROOT / page).read_text(), re.M | re.S))
    test = doctest.DocTestParser().get_doctest(examples, {}, page, page, 0)
    assert test.examples
    assert doctest.DocTestRunner().run(test).failed == 0
