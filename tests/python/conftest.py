"""What the tests of the Python module share."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import hypothesis
import pytest

import cleave

# The same examples every time, unless a long run asks for new ones (CLEAVE_HYPOTHESIS=random).
hypothesis.settings.register_profile("same", derandomize=True, deadline=None, database=None, max_examples=60)
hypothesis.settings.register_profile("random", deadline=None, database=None, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("CLEAVE_HYPOTHESIS", "same"))


def working_trackings() -> list[str]:
    works = []
    for tracking in cleave.trackings():
        try:
            cleave.try_tracking(tracking)  # type: ignore[arg-type]
        except cleave.UnsupportedError:
            continue
        works.append(tracking)
    return works


@pytest.fixture
def pool() -> Iterator[cleave.Pool]:
    with cleave.Pool(256 * cleave.MiB) as pool:
        yield pool


@pytest.fixture
def arena(pool: cleave.Pool) -> cleave.Arena:
    return cleave.Arena(pool, cleave.MiB)


Program = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def program() -> Program:
    """Runs a text as a program of its own, which must end by itself."""

    def run(text: str, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *options, "-c", text],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    return run
