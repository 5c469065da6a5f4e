"""The types of the module hold: mypy's strict mode on it, on its tests and its example; stubs and module agree."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import tempfile

import cleave



def run(cache: str, *command: str) -> int:
    environment = os.environ | {"MYPY_CACHE_DIR": cache}
    return subprocess.run([sys.executable, "-m", *command], check=False, env=environment).returncode


# Nothing of what mypy finds out is kept beside the sources.
with tempfile.TemporaryDirectory() as cache:
    strict = ("mypy", "--strict", "--no-error-summary")
    failed = run(cache, *strict, "-p", "cleave")
    failed |= run(cache, *strict, "tests/python", "examples/python")
    allowed = ("--allowlist", "tests/python/stubtest.allow", "--ignore-unused-allowlist")
    failed |= run(cache, "mypy.stubtest", "cleave", *allowed)
if not failed:
    print(f"the types of {pathlib.Path(cleave.__file__).parent} hold")
sys.exit(failed)
