"""Children of fork(2): clear errors, and nothing of the parent's is disturbed."""

from __future__ import annotations

import gc
import mmap
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable

import numpy as np
import pytest

import cleave


def in_child(work: Callable[[], None]) -> int:
    """The status of a fork that does `work` and ends as Python does: 0 if it was fine."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException as raised:
            os.write(2, f"in the child: {raised!r}\n".encode())
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_every_call_in_a_child_is_an_error(arena: cleave.Arena, pool: cleave.Pool) -> None:
    space = cleave.Space(pool)
    at = space.map(4096)
    pin, hold = arena.pin(), space.hold(at, 10)
    commit, snapshot = arena.commit("one"), space.snapshot()
    calls: list[Callable[[], object]] = [
        lambda: arena.memory,
        lambda: arena.device_view,
        lambda: arena.mark_pages_dirty(b""),
        lambda: arena.commit(),
        lambda: arena.checkout(commit),
        lambda: arena.changes(),
        lambda: arena.commits["one"],
        lambda: arena.statistics(),
        lambda: commit.read(0, 1),
        lambda: commit == arena.head,
        lambda: commit.parent,
        lambda: space.read(at, 1),
        lambda: space.fork(),
        lambda: space.snapshot(),
        lambda: snapshot.read(at, 1),
        lambda: snapshot.view(at),
        lambda: snapshot.fork(),
        lambda: pin.pieces,
        lambda: hold.read(),
        lambda: pool.statistics(),
        lambda: cleave.Space(pool),
        lambda: cleave.Arena(pool, 4096),
    ]

    def work() -> None:
        for number, call in enumerate(calls):
            with pytest.raises(cleave.NotPermittedError, match="child"):
                call()
                raise AssertionError(f"call {number} was answered")
        for thing in (arena, space, commit, snapshot, pin, hold, pool):
            assert "of the parent process" in repr(thing)
        for closing in (arena.close, space.close, pool.close, pin.release, hold.release):
            closing()

    assert in_child(work) == 0
    assert arena.head == commit and space.read(at, 1) == b"\0" and pin.size == arena.size


def test_a_child_makes_its_own(arena: cleave.Arena) -> None:
    def work() -> None:
        mine = cleave.Arena(cleave.Pool(cleave.MiB), 8192)
        mine.memory[0] = 1
        one = mine.commit()
        mine.memory[0] = 2
        mine.checkout(one)
        assert mine.memory[0] == 1
        assert in_child(lambda: None) == 0

    assert in_child(work) == 0


def test_an_old_buffer_ends_a_child_and_never_meets_its_memory(pool: cleave.Pool) -> None:
    arena = cleave.Arena(pool, 32 * cleave.MiB)
    space = cleave.Space(pool)
    at = space.map(cleave.MiB)
    space.write(at, b"x" * cleave.MiB)
    page = space.snapshot().view(at)
    pieces = space.pin(at, cleave.MiB).pieces
    numbers = np.frombuffer(arena.memory, dtype=np.uint8)
    numbers[:] = 1

    def touch(buffer: memoryview) -> Callable[[], None]:
        def work() -> None:
            signal.signal(signal.SIGSEGV, signal.SIG_DFL)
            # What the child maps itself must not come to lie under the old buffers.
            own = [mmap.mmap(-1, size) for size in (2**12, 2**16, 2**20, 2**23, 2**25) for _ in range(20)]
            os._exit(9 if buffer[0] != 300 and own else 8)

        return work

    for buffer in (numbers.data, page, pieces[0], pieces[-1]):
        assert in_child(touch(buffer)) == -signal.SIGSEGV
    assert numbers.all()


def test_multiprocessing_by_fork_says_what_to_do(arena: cleave.Arena) -> None:
    context = multiprocessing.get_context("fork")
    global shared
    shared = arena
    with context.Pool(2) as workers:
        with pytest.raises(cleave.NotPermittedError, match='"spawn"'):
            workers.map(read_shared, range(2))
        assert workers.map(make_one, range(3)) == [0, 1, 2]
    shared = None


shared: cleave.Arena | None = None


def read_shared(_: int) -> int:
    assert shared is not None
    return shared.memory[0]


def make_one(number: int) -> int:
    arena = cleave.Arena(cleave.Pool(cleave.MiB), 4096)
    arena.memory[0] = number
    one = arena.commit()
    arena.memory[0] = 200
    arena.checkout(one)
    return arena.memory[0]


def test_forks_in_the_middle_of_other_threads_end_well(pool: cleave.Pool) -> None:
    space = cleave.Space(pool)
    at = space.map(cleave.MiB)
    space.write(at, bytes(100_000))
    things: list[object] = [cleave.Space(pool), space.fork(), space.snapshot(), space.pin(at, 9000)]
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            child = space.fork()
            child.write(at, bytes(200_000))
            space.snapshot().diff(child.snapshot())

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(10):
            # The child drops all that it has of the parent's, statics and cycles included.
            child = os.fork()
            if child == 0:
                things.clear()
                gc.collect()
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        done.set()
        for thread in threads:
            thread.join()
