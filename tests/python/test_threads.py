"""Threads, signals, and the end of the interpreter."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest
from conftest import Program, working_trackings

import cleave


def test_other_threads_run_while_a_ring_waits(pool: cleave.Pool) -> None:
    try:
        ring = cleave.Ring(pool)
    except cleave.UnsupportedError as missing:
        pytest.skip(str(missing))
    space = cleave.Space(pool)
    at = space.map(4096)
    read, write = os.pipe()
    # Only another thread can end the wait.
    writer = threading.Thread(target=os.write, args=(write, b"hello"))
    writer.start()
    assert ring.read(space, at, read, 5) == 5
    writer.join()
    assert space.read(at, 5) == b"hello"

    # And only a signal this one.
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    alarm = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1))
    try:
        with pytest.raises(KeyboardInterrupt):
            alarm.start()
            ring.read(space, at, read, 5)
    finally:
        alarm.join()
        signal.signal(signal.SIGUSR1, before)
    # The ring goes on.
    os.write(write, b"again")
    assert ring.read(space, at, read, 5) == 5
    os.close(read)
    os.close(write)


def test_a_ring_serves_one_thread_at_a_time(pool: cleave.Pool) -> None:
    try:
        ring = cleave.Ring(pool)
    except cleave.UnsupportedError as missing:
        pytest.skip(str(missing))
    space = cleave.Space(pool)
    at = space.map(4096)
    read, write = os.pipe()
    reader = threading.Thread(target=ring.read, args=(space, at, read, 5))
    reader.start()
    while not pool.statistics().short_pins:  # the transfer has begun
        pass
    with pytest.raises(RuntimeError, match="another thread"):
        ring.read(space, at, read, 5)
    ring.close()  # what is under way keeps it
    os.write(write, b"hello")
    reader.join()
    assert space.read(at, 5) == b"hello"
    os.close(read)
    os.close(write)


@pytest.mark.parametrize("tracking", working_trackings())
def test_threads_share_an_arena_with_a_lock(pool: cleave.Pool, tracking: str) -> None:
    arena = cleave.Arena(pool, cleave.MiB, tracking=tracking)  # type: ignore[arg-type]
    numbers = np.frombuffer(arena.memory, dtype=np.int64)
    turn = threading.Lock()
    commits: list[tuple[cleave.Commit, int]] = []
    failures: list[str] = []

    def work(mine: int) -> None:
        for step in range(25):
            with turn:
                arena.mark_dirty()
                numbers[mine::8] += step
                commits.append((arena.commit(), int(numbers.sum())))
                commit, total = commits[(7 * step) % len(commits)]
                arena.checkout(commit)
                if int(numbers.sum()) != total:
                    failures.append(f"{mine} {step}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures and len(commits) == 100


def test_threads_share_a_space_without_a_lock(pool: cleave.Pool) -> None:
    space = cleave.Space(pool)
    at = space.map(8 * cleave.MiB)

    def work(mine: int) -> None:
        for step in range(20):
            space.write(at + mine * cleave.MiB, bytes([mine * 20 + step]) * 300_000)
            child = space.fork()
            child.write(at, bytes(10))
            with space.pin(at + mine * cleave.MiB, 9000), space.hold(at, 100):
                assert space.read(at + mine * cleave.MiB + 7, 5) == bytes([mine * 20 + step]) * 5

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(1, 5):
        assert space.read(at + number * cleave.MiB, 300_000) == bytes([number * 20 + 19]) * 300_000


def test_closing_under_a_call_waits_for_the_call(pool: cleave.Pool) -> None:
    for _ in range(20):
        arena = cleave.Arena(pool, 4 * cleave.MiB)
        memory = arena.memory
        memory[::4096] = bytes(1024)[::-1]
        del memory
        started = threading.Event()

        def commit() -> None:
            started.set()
            try:
                arena.commit()
            except ValueError:
                pass  # closed before it began

        thread = threading.Thread(target=commit)
        thread.start()
        started.wait()
        arena.close()
        thread.join()


END = """
import cleave, threading
pool = cleave.Pool(256 << 20)
arena = cleave.Arena(pool, 16 << 20, tracking={tracking!r})
memory = arena.memory
memory[:] = b"x" * len(memory)
commits = [arena.commit("one")]
space = cleave.Space(pool)
at = space.map(32 << 20)
def work():
    while True:
        space.write(at, bytes(8 << 20))
        arena.commit()
threads = [threading.Thread(target=work, daemon=True) for _ in range(2)]
for thread in threads: thread.start()
class Late:
    def __del__(self):
        arena.head, space.read(at, 10), bytes(memory[:3])
arena_of_a_cycle = [Late(), arena, commits, space]
arena_of_a_cycle.append(arena_of_a_cycle)
print("end")
"""


@pytest.mark.parametrize("tracking", working_trackings())
def test_the_interpreter_ends_in_the_middle_of_daemon_threads(program: Program, tracking: str) -> None:
    for _ in range(2):
        ended = program(END.format(tracking=tracking), "-X", "dev")
        assert (ended.returncode, ended.stdout) == (0, "end\n"), ended.stderr
        assert "terminate" not in ended.stderr and "Fatal" not in ended.stderr


@pytest.mark.parametrize("tracking", working_trackings())
def test_faulthandler_and_tracking_by_signals_go_together(program: Program, tracking: str) -> None:
    ended = program(
        f"""
import faulthandler; faulthandler.enable()
import cleave, ctypes
arena = cleave.Arena(cleave.Pool(1 << 20), 8192, tracking={tracking!r})
memory = arena.memory
if {tracking!r} == "software": arena.mark_dirty()
memory[5000] = 1
one = arena.commit()
if {tracking!r} == "software": arena.mark_dirty()
memory[5000] = 2
arena.checkout(one)
print(memory[5000], flush=True)
ctypes.string_at(8)
"""
    )
    assert ended.stdout == "1\n"
    assert ended.returncode == -signal.SIGSEGV
    assert "Fatal Python error: Segmentation fault" in ended.stderr and "string_at" in ended.stderr
