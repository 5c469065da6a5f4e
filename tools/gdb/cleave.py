"""gdb, and the faults by which an arena learns of first writes.

    (gdb) source cleave.py

SIGSEGV and SIGBUS stop the program from then on, unless they are an arena's own. Those go to its handler without a
word. To take that back, delete the catchpoint that this file makes, and `handle SIGSEGV SIGBUS stop`.
"""

import gdb

FORBIDDEN = 2  # by the memory's protection: SEGV_ACCERR; BUS_ADRERR where a userfaultfd protects


class IsAnArenas(gdb.Function):
    """$_cleave_first_write(): whether the signal at hand is a write to memory of an arena."""

    def __init__(self):
        super().__init__("_cleave_first_write")

    def invoke(self):
        signal = gdb.parse_and_eval("$_siginfo")
        if int(signal["si_code"]) != FORBIDDEN:
            return False
        at = int(signal["_sifields"]["_sigfault"]["si_addr"]) % 2**64
        if at == int(gdb.parse_and_eval("(unsigned long)$pc")):
            return False  # a jump into an arena
        for line in gdb.execute("info proc mappings", to_string=True).splitlines():
            if "memfd:cleave arena" not in line:
                continue
            first, end = (int(word, 16) for word in line.split()[:2])
            if first <= at < end:
                return True
        return False


IsAnArenas()
gdb.execute("handle SIGSEGV SIGBUS nostop noprint pass", to_string=True)
gdb.execute("catch signal SIGSEGV SIGBUS", to_string=True)
gdb.execute("condition $bpnum !$_cleave_first_write()")
