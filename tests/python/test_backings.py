"""Pools with a backing: more pages than memory."""

from __future__ import annotations

import copy
import os
import pickle
import sys
import threading
from collections.abc import Callable

import pytest

import cleave

PAGE = cleave.PAGE_SIZE
PAGES = 1024  # four times what a pool of a MiB has memory for

Make = Callable[[], "cleave.SwapFile | cleave.CompressedMemory"]
MAKES: list[Make] = [
    lambda: cleave.SwapFile(8 * cleave.MiB),
    lambda: cleave.CompressedMemory(8 * cleave.MiB),
    lambda: cleave.CompressedMemory(2 * cleave.MiB, cleave.SwapFile(8 * cleave.MiB)),
]


def content(n: int) -> bytes:
    return n.to_bytes(8, "little") * (PAGE // 8)


@pytest.mark.parametrize("make", MAKES)
def test_what_does_not_fit_goes_and_comes_back(make: Make) -> None:
    backing = make()
    pool = cleave.Pool(cleave.MiB, backing)
    space = cleave.Space(pool)
    at = space.map(PAGES * PAGE)
    for n in range(PAGES):
        space.write(at + n * PAGE, content(n))
    before = space.snapshot()
    for n in range(0, PAGES, 7):
        space.write(at + n * PAGE, content(n + 1))
    for n in range(PAGES):
        assert before.read(at + n * PAGE, PAGE) == content(n)
        assert space.read(at + n * PAGE, PAGE) == content(n + (n % 7 == 0))
    now = pool.statistics()
    assert now.used <= now.budget == 256
    assert now.away >= PAGES - 256 and now.went >= now.away and now.came > 0
    assert backing.statistics().pages > 0


def test_other_threads_run_while_a_write_makes_room() -> None:
    pool = cleave.Pool(cleave.MiB, cleave.CompressedMemory(64 * cleave.MiB))
    space = cleave.Space(pool)
    at = space.map(16 * PAGES * PAGE)
    begin, ran = threading.Event(), threading.Event()

    def run() -> None:
        begin.wait()
        ran.set()

    before = sys.getswitchinterval()
    sys.setswitchinterval(1000)  # none gives way to another unless it lets go
    other = threading.Thread(target=run)
    try:
        other.start()
        begin.set()
        for n in range(16 * PAGES):
            if ran.is_set():
                break
            space.write(at + n * PAGE, b"x")  # an absent page of a pool that is full
        assert ran.is_set()
    finally:
        sys.setswitchinterval(before)
        other.join()


def test_equal_pages_become_one() -> None:
    pool = cleave.Pool(cleave.MiB, cleave.CompressedMemory(cleave.MiB))
    space = cleave.Space(pool)
    at = space.map(16 * PAGE)
    for n in range(16):
        space.write(at + n * PAGE, content(7))
    assert pool.merge(cleave.MiB) == 0  # pages that were never looked at may be changing
    assert pool.merge(cleave.MiB) == 15
    assert pool.statistics().merged == 15
    space.write(at, content(8))
    assert space.read(at, PAGE) == content(8)
    assert all(space.read(at + n * PAGE, PAGE) == content(7) for n in range(1, 16))


def test_an_arenas_commits_go_too() -> None:
    arena = cleave.Arena(cleave.Pool(cleave.MiB, backing=cleave.SwapFile(16 * cleave.MiB)), cleave.MiB)
    memory = arena.memory
    commits = []
    for n in range(10):
        memory[:] = bytes([n]) * cleave.MiB
        commits.append(arena.commit(str(n)))
    for n in (3, 0, 9, 5):
        arena.checkout(commits[n])
        assert memory[0] == memory[cleave.MiB - 1] == n


def test_evict_makes_room() -> None:
    pool = cleave.Pool(cleave.MiB, cleave.SwapFile(8 * cleave.MiB))
    space = cleave.Space(pool)
    at = space.map(cleave.MiB)
    space.write(at, bytes(range(1, 129)) * (cleave.MiB // 128))
    assert pool.evict(100 * PAGE) >= 100 * PAGE
    assert pool.statistics().away >= 100
    assert cleave.Pool(cleave.MiB).evict(cleave.MiB) == 0


def test_memory_is_kept_free_in_the_background() -> None:
    pool = cleave.Pool(cleave.MiB, cleave.SwapFile(8 * cleave.MiB))
    pool.start_reclaim(cleave.MiB // 4, cleave.MiB // 2)
    with pytest.raises(cleave.AlreadyExistsError):
        pool.start_reclaim()
    space = cleave.Space(pool)
    at = space.map(cleave.MiB)
    space.write(at, bytes(range(1, 129)) * (cleave.MiB // 128))
    while pool.statistics().used > 192:
        pass
    pool.stop_reclaim()
    pool.stop_reclaim()
    with pytest.raises(cleave.BadArgumentError):
        pool.start_reclaim(2 * cleave.MiB)
    with pytest.raises(cleave.UnsupportedError):
        cleave.Pool(cleave.MiB).start_reclaim()


def test_a_backing_tells_what_it_holds_whichever_goes_first() -> None:
    backing = cleave.SwapFile(cleave.MiB, directory=os.curdir, depth=4, write_at_open=True)
    assert backing.statistics().capacity == 256 and backing.statistics().pages == 0
    pool = cleave.Pool(cleave.MiB, backing)
    pool.close()
    assert backing.statistics().pages == 0
    with pytest.raises(ValueError, match="given away"):
        cleave.Pool(cleave.MiB, backing)
    with backing:
        assert "SwapFile" in repr(backing)
    assert backing.closed and "closed" in repr(backing)
    with pytest.raises(ValueError, match="the backing is closed"):
        backing.statistics()
    with pytest.raises(ValueError, match="the backing is closed"):
        cleave.CompressedMemory(cleave.MiB, backing)


def test_a_pool_keeps_a_backing_that_was_closed() -> None:
    backing = cleave.CompressedMemory(8 * cleave.MiB)
    pool = cleave.Pool(cleave.MiB, backing)
    backing.close()
    space = cleave.Space(pool)
    at = space.map(4 * cleave.MiB)
    space.write(at, bytes(range(128)) * (4 * cleave.MiB // 128))
    assert space.read(at, 4 * cleave.MiB) == bytes(range(128)) * (4 * cleave.MiB // 128)


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(cleave.BadArgumentError):
        cleave.SwapFile(0)
    with pytest.raises(cleave.BadArgumentError):
        cleave.CompressedMemory(PAGE)
    with pytest.raises(OSError) as caught:
        cleave.SwapFile(cleave.MiB, "/nowhere at all")
    assert isinstance(caught.value, cleave.InputOutputError)
    with pytest.raises(TypeError, match="a backing is"):
        cleave.Pool(cleave.MiB, "a file")  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        cleave.SwapFile(-1)
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot pickle or copy a cleave"):
            attempt(cleave.SwapFile(cleave.MiB))  # type: ignore[operator]


def test_a_child_of_fork_has_none_of_it() -> None:
    backing = cleave.SwapFile(cleave.MiB)
    pool = cleave.Pool(cleave.MiB, backing)
    calls: list[Callable[[], object]] = [
        backing.statistics,
        lambda: pool.evict(1),
        lambda: cleave.Pool(cleave.MiB, backing),
    ]
    child = os.fork()
    if child == 0:
        refused = 0
        for call in calls:
            try:
                call()
            except cleave.NotPermittedError:
                refused += 1
        os._exit(3 - refused)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert backing.statistics().pages == 0
