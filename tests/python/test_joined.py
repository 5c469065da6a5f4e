"""Memory that exists in an arena, and arenas that share a history."""

from __future__ import annotations

import ctypes
import mmap

import pytest
from conftest import Program, working_trackings

import cleave


def private_memory(size: int) -> mmap.mmap:
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


@pytest.mark.parametrize("tracking", working_trackings())
def test_a_checkout_makes_all_that_share_a_history_what_they_were(pool: cleave.Pool, tracking: str) -> None:
    heap = cleave.Arena(pool, cleave.MiB, tracking=tracking)  # type: ignore[arg-type]
    memory = private_memory(64 * cleave.KiB)
    memory[:3] = b"old"
    data = cleave.Arena.take_over(pool, memory, tracking=tracking, joins=heap)  # type: ignore[arg-type]
    assert data.address == ctypes.addressof(ctypes.c_char.from_buffer(memory))
    heap.mark_dirty()
    heap.memory[:3] = b"one"
    one = heap.commit("one")
    assert data.commits["one"] == one and hash(data.commits["one"]) == hash(one)
    data.mark_dirty()
    memory[:3] = b"new"
    heap.mark_dirty()
    heap.memory[:3] = b"two"
    data.checkout("one")
    assert (bytes(heap.memory[:3]), memory[:3]) == (b"one", b"old")


def test_changes_and_differences_are_told_of_each_arena_as_its_own(pool: cleave.Pool) -> None:
    a = cleave.Arena(pool, cleave.MiB)
    b = cleave.Arena(pool, cleave.MiB, joins=a)
    start = a.commit()
    a.memory[0] = 1
    b.memory[cleave.PAGE_SIZE] = 1
    assert a.changes() == [range(0, cleave.PAGE_SIZE)]
    assert b.changes() == [range(cleave.PAGE_SIZE, 2 * cleave.PAGE_SIZE)]
    both = a.commit()
    assert both.pages == 2
    assert a.diff(start, both) == [range(0, cleave.PAGE_SIZE)]
    assert b.diff(start, both) == [range(cleave.PAGE_SIZE, 2 * cleave.PAGE_SIZE)]


def test_a_commit_of_before_an_arena_joined_is_refused(pool: cleave.Pool, arena: cleave.Arena) -> None:
    before = arena.commit()
    other = cleave.Arena(pool, cleave.MiB, joins=arena)
    with pytest.raises(cleave.NotMappedError) as refused:
        arena.checkout(before)
    assert refused.value.address == other.address


def test_memory_stays_what_it_is_when_its_arena_goes(pool: cleave.Pool) -> None:
    memory = private_memory(64 * cleave.KiB)
    arena = cleave.Arena.take_over(pool, memory)
    memory[:3] = b"new"
    with pytest.raises(BufferError):
        memory.close()
    arena.close()
    del arena
    assert memory[:3] == b"new"
    memory.close()


def test_what_cannot_be_taken_over_is_refused(pool: cleave.Pool) -> None:
    with pytest.raises(cleave.BadArgumentError):
        cleave.Arena.take_over(pool, mmap.mmap(-1, 4096))  # is shared
    with pytest.raises(cleave.BadArgumentError):
        cleave.Arena.take_over(pool, bytearray(100))
    with pytest.raises(cleave.BadArgumentError):
        cleave.Arena.take_over(pool, range(0, 8192, 2))
    with pytest.raises(cleave.NotMappedError):
        cleave.Arena.take_over(pool, range(4096, 8192))
    with pytest.raises(BufferError):
        cleave.Arena.take_over(pool, bytes(4096))  # type: ignore[arg-type]


def test_a_commit_gives_back_its_payload(arena: cleave.Arena) -> None:
    assert arena.commit(payload=b"a seed").payload == b"a seed"
    assert arena.commit().payload == b""
    with pytest.raises(cleave.BadArgumentError):
        arena.commit(payload=bytes(64 * cleave.KiB + 1))


def test_a_librarys_variables_go_back(program: Program) -> None:
    ran = program("""
import ctypes, cleave
libm = ctypes.CDLL("libm.so.6")
sign = ctypes.c_int.in_dll(libm, "signgam")
pool = cleave.Pool(cleave.MiB * 16)
segments = [s for s in cleave.writable_segments(libm._handle) if ctypes.addressof(sign) in s]
arena = cleave.Arena.take_over(pool, segments[0])
sign.value = 5
arena.commit("five")
sign.value = 6
arena.checkout("five")
print(sign.value)
arena.close()
print(sign.value)
""")
    assert (ran.returncode, ran.stdout) == (0, "5\n5\n"), ran.stderr
