#!/bin/sh
# Runs a command that must end with 3: a broken promise was found.
"$@"
test $? -eq 3
