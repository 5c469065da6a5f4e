"""Nothing is left behind, counted: Python's objects, the library's, and the process's descriptors."""

from __future__ import annotations

import gc
import itertools
import os
import sys
from collections.abc import Callable

import numpy as np

import cleave


def refused(call: Callable[[], object]) -> bool:
    # pytest.raises keeps more from round to round than a leak would.
    try:
        call()
    except Exception:
        return True
    return False


def everything(pool: cleave.Pool) -> None:
    arena = cleave.Arena(pool, 16 * 4096)
    memory = arena.memory
    numbers = np.frombuffer(memory, dtype=np.int32)
    numbers[:] = 5
    one = arena.commit("one")
    with arena.branch("try") as branch:
        numbers[7] = 3
        branch.keep()
    for wrong in (lambda: arena.commit("one"), lambda: arena.close(), lambda: arena.commits["two"],
                  lambda: arena.pin(5, 2**40), lambda: arena.commit(7),  # type: ignore[arg-type]
                  lambda: cleave.Arena(pool, -1)):
        assert refused(wrong)
    with arena.pin(3, 9000) as pin, arena.hold(5, 10) as hold:
        assert pin.pieces and hold.pieces and hold.read()
    repr([arena, arena.commits, arena.history(), arena.statistics(), one.parent, one.snapshot(), branch])
    space = cleave.Space(pool)
    at = space.map(16 * 4096)
    space.write(at, memory)
    child = space.fork()
    child.write(at, b"x" * 9000)
    snapshot = space.snapshot()
    assert space.diff(child) and snapshot.diff(child.snapshot()) and snapshot.regions() and snapshot.view(at)[0] == 5
    with space.pin(at, 9000, access="read") as pin, space.hold(at, 9000) as hold:
        assert pin.pieces and hold.pieces and hold.read(at + 1, 2)
    assert refused(lambda: space.read(0, 10))
    cycle: list[object] = [arena, memory, numbers, space, snapshot]
    cycle.append(cycle)


def counted(work: Callable[[], None], count: Callable[[], int]) -> list[int]:
    found = []
    for _ in range(6):
        for _ in range(20):
            work()
        gc.collect()
        found.append(count())
    return found


def test_no_object_of_python_stays(pool: cleave.Pool) -> None:
    found = counted(lambda: everything(pool), sys.getallocatedblocks)
    # Caches of the interpreter fill up at first. A leak of one block a round would be twenty more, every time.
    assert min(after - before for before, after in itertools.pairwise(found)) < 20


def test_no_memory_of_the_pool_stays(pool: cleave.Pool) -> None:
    for _ in range(5):
        everything(pool)
    gc.collect()
    now = pool.statistics()
    assert (now.used, now.nodes, now.regions, now.spaces, now.short_pins, now.long_pins) == (0, 0, 0, 0, 0, 0)


def test_no_descriptor_stays(pool: cleave.Pool) -> None:
    found = counted(lambda: everything(pool), lambda: len(os.listdir("/proc/self/fd")))
    assert len(set(found)) == 1


def test_no_mapping_stays(pool: cleave.Pool) -> None:
    def of_arenas() -> int:
        with open("/proc/self/maps") as maps:
            return sum("cleave arena" in line for line in maps)

    before = of_arenas()
    assert set(counted(lambda: everything(pool), of_arenas)) == {before}
