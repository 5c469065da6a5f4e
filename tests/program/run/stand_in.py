#!/usr/bin/env python3
"""Every kind of state under `cleave run`, one at a time, in a program of our own; and what is refused or told.
  stand_in.py <cleave> <program> <library>"""
import os
import tempfile

import stand_in_commands
import stand_in_files
import stand_in_kept
import stand_in_memory
import stand_in_refused
import stand_in_signals

KINDS = (stand_in_memory, stand_in_signals, stand_in_files, stand_in_kept, stand_in_refused, stand_in_commands)


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CLEAVE_SCRATCH"] = folder
        checks = [(name, check) for kind in KINDS for name, check in vars(kind).items() if name.startswith("check_")]
        for name, check in checks:
            print(name.replace("_", " "), flush=True)
            check()
    print(f"{len(checks)} checks")


main()
