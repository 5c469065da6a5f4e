"""A program of our own under `cleave run`, with state of every kind."""
import os
import sys
import time

from session import Session, outcome

CLEAVE, PROGRAM, LIBRARY = (os.path.abspath(path) for path in sys.argv[1:4])
FILE = os.path.abspath(__file__)  # which the program reads


class Program:
    """The stand-in, which answers each line with a line."""

    def __init__(self, under=()):
        self.session = Session(CLEAVE, [PROGRAM, FILE], under)
        self.session.wait_for("ready\n")
        assert self.session.ask("hash on") == ["ok"]

    def says(self, line, expected):
        self.session.give(line)
        text = self.session.wait_for(expected)
        return text

    def steps(self, count):
        for _ in range(count):
            self.session.give("step")

    def state(self, count, library=-1):
        on = count + 1
        self.says("state", f"state {on} {count} {on} {on} {on} {on} {library} {count}\n")

    def wait_in(self, line, call):
        """Gives the line, and returns when the program waits in the system call, a number. Where the kernel does not
        say, after half a second: what is checked then holds at any moment, and shows less."""
        self.session.give(line)
        until = time.monotonic() + 60
        while True:
            try:
                with open(f"/proc/{self.session.process.pid}/syscall", encoding="utf-8") as now:
                    if now.read().split()[0] == str(call):
                        return
            except OSError:
                time.sleep(0.5)
                return
            assert time.monotonic() < until, f"{line}: does not wait in system call {call}"
            time.sleep(0.001)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.session.process.pid}/fd"))

    def commit(self, name):
        return self.session.ask(f"commit {name}")

    def checkout(self, name):
        return self.session.ask(f"checkout {name}")

    def committed(self, name):
        """The hash of a commit that is made now."""
        return outcome(self.commit(name))

    def goes_back(self, name, then):
        """To a commit, whose hash it was."""
        now = outcome(self.checkout(name))
        assert now == then, f"{name} had the hash {then}, and has {now}"

    def refuses(self, why):
        """Commits, and checkouts of `before`."""
        for answer in self.commit("no"), self.checkout("before"):
            assert answer[0].startswith("no: ") and why in answer[0], answer

    def end(self):
        status, text = self.session.end()
        assert status == 0 and text.endswith("ends well\n"), (status, text)
