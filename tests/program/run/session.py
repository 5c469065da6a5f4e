"""A program under `cleave run`, which is given lines, and commands by its socket."""
import os
import socket
import subprocess
import tempfile
import time


class Ended(Exception):
    """The program is not there any more."""


class CannotStart(SystemExit):
    """The kernel lacks what programs are put under commits with: the test is left out."""

    def __init__(self, why):
        print(f"left out: {why}")
        super().__init__(77)


class Session:
    """Lines go to the program's standard input; what it prints is waited for."""

    def __init__(self, cleave, program, under=()):
        """`under`: what starts the command, and its options."""
        self.folder = tempfile.TemporaryDirectory()
        path = os.path.join(self.folder.name, "control")
        self.process = subprocess.Popen(
            [*under, os.path.abspath(cleave), "run", "--control", path, "--", *program],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            cwd=self.folder.name)
        self.printed = b""
        self.control = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self.control.connect(path)
                return
            except OSError:
                if self.process.poll() is not None:
                    said = self.process.stdout.read().decode()
                    if "cannot start the program: unsupported" in said:
                        raise CannotStart(said) from None
                    raise Ended(said) from None
                time.sleep(0.01)

    def ask(self, command):
        """The answer to a command: its lines."""
        self.control.sendall(command.encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n\n"):
            part = self.control.recv(65536)
            if not part:
                raise Ended(f"{command}: {answer} {self.process.stdout.read()}")
            answer += part
        return answer.decode().splitlines()[:-1]

    def give(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def wait_for(self, text):
        """What was printed up to the text, and it."""
        wanted = text.encode()
        while wanted not in self.printed:
            part = os.read(self.process.stdout.fileno(), 65536)
            if not part:
                raise Ended(self.printed.decode())
            self.printed += part
        end = self.printed.index(wanted) + len(wanted)
        before, self.printed = self.printed[:end], self.printed[end:]
        return before.decode()

    def end(self):
        """Its exit status, and what else it printed."""
        self.process.stdin.close()
        rest = self.printed + self.process.stdout.read()
        self.control.close()
        status = self.process.wait()
        self.folder.cleanup()
        return status, rest.decode()


def outcome(answer):
    """The hash of a commit's or a checkout's answer."""
    if not answer[0].startswith("ok ") or ", hash " not in answer[0]:
        raise AssertionError(answer)
    return answer[0].rsplit(" ", 1)[1]
