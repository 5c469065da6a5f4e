"""The types of the module hold: mypy's strict mode on it, on its tests and its example; stubs and module agree."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import cleave

package = pathlib.Path(cleave.__file__).parent


def run(*command: str) -> int:
    # Nothing of what mypy finds out is kept beside the sources.
    return subprocess.run(
        [sys.executable, "-m", *command], check=False, env=os.environ | {"MYPY_CACHE_DIR": os.devnull}
    ).returncode


strict = ("mypy", "--strict", "--no-error-summary")
failed = run(*strict, "-p", "cleave")
failed |= run(*strict, "tests/python", "examples/python")
failed |= run("mypy.stubtest", "cleave")
if not failed:
    print(f"the types of {package} hold")
sys.exit(failed)
