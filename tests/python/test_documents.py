"""What the documents show in Python is what Python does."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

import cleave

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", ["README.md", "docs/tutorial/first-python.md"])
def test_the_sessions_in_a_page_go_as_shown(page: str) -> None:
    sessions = re.findall(r"^```pycon\n(.*?)^```$", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE)
    assert sessions
    run(page, "\n".join(sessions))


def test_the_package_shows_itself() -> None:
    assert cleave.__doc__
    run("cleave", cleave.__doc__)


def run(name: str, session: str) -> None:
    test = doctest.DocTestParser().get_doctest(session, {}, name, name, 0)
    assert len(test.examples) > 3
    said: list[str] = []
    doctest.DocTestRunner().run(test, out=said.append)
    assert not said, "".join(said)
