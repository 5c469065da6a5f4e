"""Has gdb go back by its checkpoints, in goes_back.c; run by gdb itself. Answers as that program does."""
import os
import time

import gdb

# gdb talks; what it says must not come between the answers.
ANSWERS = os.dup(1)
os.dup2(os.open("/dev/null", os.O_WRONLY), 1)


def lines():
    rest = b""
    while part := os.read(0, 4096):
        rest += part
        *whole, rest = rest.split(b"\n")
        yield from whole


for setting in ("pagination off", "confirm off"):
    gdb.execute(f"set {setting}")
gdb.execute("break begins")
gdb.execute("break has_written")
gdb.execute("run steps < /dev/null > /dev/null")
os.write(ANSWERS, b"ready\n")
for number, _ in enumerate(lines()):
    begun = time.monotonic_ns()
    gdb.execute("checkpoint")
    gdb.execute("continue")
    written = time.monotonic_ns()
    gdb.execute(f"restart {number + 1}")
    back = time.monotonic_ns()
    if gdb.newest_frame().name() != "begins":
        break
    if number > 0:  # gdb 13 does not survive the end of the first process
        gdb.execute(f"delete checkpoint {number}")
    os.write(ANSWERS, f"{begun} {written} {back}\n".encode())
gdb.execute("kill")
