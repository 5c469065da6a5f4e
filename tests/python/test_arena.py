"""Arenas: buffers that commit and check out."""

from __future__ import annotations

import array
import io
import mmap
import os

import numpy as np
import numpy.typing as npt
import pytest
from conftest import working_trackings

import cleave


def test_memory_is_a_writable_buffer_of_zeroes(pool: cleave.Pool) -> None:
    arena = cleave.Arena(pool, 10_000)
    memory = arena.memory
    assert len(memory) == arena.size == len(arena) == 12288
    assert (memory.format, memory.itemsize, memory.readonly, memory.contiguous) == ("B", 1, False, True)
    assert bytes(memory) == bytes(12288)


def test_numpy_arrays_lie_in_the_arena(arena: cleave.Arena) -> None:
    numbers = np.frombuffer(arena.memory, dtype=np.float64)
    assert numbers.ctypes.data == arena.address
    assert numbers.flags.writeable and not numbers.flags.owndata
    numbers[:] = np.arange(numbers.size)
    assert bytes(arena.memory[8:16]) == np.float64(1).tobytes()
    # The class itself is a buffer, too, where a type checker does not look.
    assert np.frombuffer(arena, dtype=np.uint8).ctypes.data == arena.address  # type: ignore[call-overload]


def test_structured_types_and_shapes_lie_in_the_arena(arena: cleave.Arena) -> None:
    particle = np.dtype([("at", np.float64, (3,)), ("charge", np.int32), ("name", "S12")])
    particles: npt.NDArray[np.void] = np.ndarray((100,), dtype=particle, buffer=arena.memory)
    grid: npt.NDArray[np.float32] = np.ndarray((64, 32), np.float32, arena.memory, offset=512 * 1024, order="F")
    particles["charge"] = 7
    particles[3]["name"] = b"electron"
    grid[5, 6] = 2.5
    arena.commit("one")
    particles["charge"] += 1
    particles[3]["name"] = b"proton"
    grid *= 2
    arena.checkout("one")
    assert (particles["charge"] == 7).all() and particles[3]["name"] == b"electron"
    assert grid[5, 6] == 2.5


@pytest.mark.parametrize("tracking", working_trackings())
def test_a_checkout_brings_back_every_byte(pool: cleave.Pool, tracking: str) -> None:
    arena = cleave.Arena(pool, 256 * cleave.KiB, tracking=tracking)  # type: ignore[arg-type]
    assert arena.tracking == tracking
    assert arena.tracking_reason == "asked for"
    numbers = np.frombuffer(arena.memory, dtype=np.int64)
    commits = []
    for step in range(5):
        arena.mark_dirty()
        numbers[step::7] += step + 1
        commits.append((arena.commit(), numbers.copy()))
    for commit, then in commits + commits[::-1] + commits[::2]:
        arena.checkout(commit)
        assert (numbers == then).all()
        assert arena.head == commit


def test_views_see_a_checkout_in_place(arena: cleave.Arena) -> None:
    memory = arena.memory
    part = memory[5000:5003]
    numbers = np.frombuffer(part, dtype=np.uint8)
    start = arena.head
    part[:] = b"abc"
    abc = arena.commit()
    arena.checkout(start)
    assert bytes(part) == bytes(3) and not numbers.any()
    arena.checkout(abc)
    assert bytes(part) == b"abc" == numbers.tobytes()


def test_revert_gives_up_what_changed(arena: cleave.Arena) -> None:
    memory = arena.memory
    memory[0] = 1
    arena.commit()
    memory[0] = 2
    memory[9000] = 3
    arena.revert()
    assert memory[0] == 1 and memory[9000] == 0


def test_changes_and_diff_name_the_pages(arena: cleave.Arena) -> None:
    memory = arena.memory
    assert arena.changes() == []
    memory[5] = memory[4096] = memory[50_000] = 1
    assert arena.changes() == [range(0, 8192), range(49152, 53248)]
    one = arena.commit("one")
    assert arena.changes() == []
    memory[50_001] = 1
    arena.commit("two")
    assert arena.diff("one", "two") == [range(49152, 53248)]
    assert arena.diff(one, one) == []


def test_a_commit_is_read_without_a_checkout(arena: cleave.Arena) -> None:
    memory = arena.memory
    memory[4090:4100] = b"0123456789"
    one = arena.commit("one")
    memory[4090:4100] = b"abcdefghij"
    assert one.read(4090, 10) == b"0123456789"
    assert one.read(4090)[:10] == b"0123456789"
    assert len(one.read()) == arena.size and one.read(arena.size) == b""
    assert one.snapshot().read(arena.address + 4090, 10) == b"0123456789"
    for offset, size in ((arena.size, 1), (0, arena.size + 1), (2**64 - 1, 1), (1, 2**64 - 1)):
        with pytest.raises(cleave.BadArgumentError):
            one.read(offset, size)


def test_commits_have_a_place_in_the_history(arena: cleave.Arena) -> None:
    memory = arena.memory
    root = arena.head
    assert root.parent is None and root.number == 0 and root.name is None
    memory[0] = 1
    one = arena.commit("one")
    memory[0] = 2
    two = arena.commit()
    arena.checkout(one)
    memory[0] = 3
    three = arena.commit("three")
    assert (one.parent, two.parent, three.parent) == (root, one, one)
    assert (one.name, two.name, three.name) == ("one", None, "three")
    assert [c.number for c in arena.history()] == sorted(c.number for c in arena.history())
    assert set(arena.history()) == {root, one, two, three}
    assert one != two and one == arena.commits["one"] and hash(one) == hash(arena.commits["one"])
    assert one != 1 and one.pages == 1
    del two
    assert set(arena.history()) == {root, one, three}


def test_objects_of_python_read_and_write_it(arena: cleave.Arena) -> None:
    memory = arena.memory
    read, write = os.pipe()
    try:
        os.write(write, b"through a pipe")
        assert os.readv(read, [memory[100:200]]) == 14
    finally:
        os.close(read)
        os.close(write)
    assert bytes(memory[100:114]) == b"through a pipe"
    assert io.BytesIO(b"from a file").readinto(memory[200:300]) == 11
    memory.cast("d")[100] = 2.5  # type: ignore[call-overload]
    assert array.array("d", bytes(memory[800:808]))[0] == 2.5
    with mmap.mmap(-1, 4096) as other:
        other[:4] = b"mmap"
        memory[0:4096] = other
    assert bytes(memory[:4]) == b"mmap"


def test_a_write_that_software_tracking_was_not_told_of_is_caught(pool: cleave.Pool) -> None:
    arena = cleave.Arena(pool, 4096, tracking="software", catch_unseen=True)
    arena.memory[0] = 1
    with pytest.raises(cleave.NotPermittedError):
        arena.commit()


def test_statistics_count(arena: cleave.Arena) -> None:
    arena.memory[0] = 1
    arena.commit()
    arena.memory[0] = 2
    arena.revert()
    now = arena.statistics()
    assert now.tracking == arena.tracking
    assert (now.commits, now.recorded, now.restored) == (2, 1, 1)
    with arena.pin(0, 4096, term="long"):
        assert arena.statistics().long_pins == 1


def test_a_full_pool_loses_nothing() -> None:
    pool = cleave.Pool(16 * cleave.PAGE_SIZE)
    arena = cleave.Arena(pool, 64 * cleave.PAGE_SIZE)
    memory = arena.memory
    memory[0] = 1
    one = arena.commit("one")
    memory[:] = b"x" * len(memory)
    with pytest.raises(MemoryError) as caught:
        arena.commit()
    assert isinstance(caught.value, cleave.OutOfMemoryError) and caught.value.code == "no_memory"
    assert bytes(memory) == b"x" * len(memory)
    arena.checkout(one)
    assert bytes(memory) == b"\x01" + bytes(len(memory) - 1)
