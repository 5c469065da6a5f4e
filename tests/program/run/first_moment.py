#!/usr/bin/env python3
"""Clients that connect in the first moment in which the program listens are answered.
  first_moment.py <cleave> <starts>"""
import os
import socket
import subprocess
import sys
import tempfile

PATIENCE = 30  # seconds; an answer takes milliseconds


def connect_at_once(path, process):
    client = socket.socket(socket.AF_UNIX)
    while True:
        try:
            client.connect(path)
            return client
        except OSError:
            if process.poll() is not None:
                said = process.stderr.read().decode()
                print(said)
                sys.exit(77 if "cannot start the program: unsupported" in said else 1)


def start_and_ask(cleave):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "control")
        process = subprocess.Popen([cleave, "run", "--control", path, "--", "/bin/cat"],
                                   stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        client = connect_at_once(path, process)
        client.settimeout(PATIENCE)
        client.sendall(b"commit first\n")
        answer = client.recv(1024)
        client.close()
        process.stdin.close()
        process.stderr.close()
        if not answer.startswith(b"ok") or process.wait() != 0:
            raise AssertionError(f"{answer}, and ended with {process.returncode}")


def main():
    for _ in range(int(sys.argv[2])):
        start_and_ask(sys.argv[1])
    print(f"{sys.argv[2]} starts: each first command was answered")


main()
