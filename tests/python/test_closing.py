"""Whatever is closed in whatever order: no crash and no stale buffer."""

from __future__ import annotations

import copy
import gc
import itertools
import pickle
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import cleave


def test_a_buffer_keeps_the_arena(pool: cleave.Pool) -> None:
    arena = cleave.Arena(pool, 4096)
    there = weakref.ref(arena)
    numbers = np.frombuffer(arena.memory, dtype=np.uint8)[5:10]
    numbers[0] = 7
    del arena
    gc.collect()
    assert there() is not None and numbers[0] == 7
    del numbers
    gc.collect()
    assert there() is None


def test_an_arena_with_a_buffer_out_is_not_closed(arena: cleave.Arena) -> None:
    memory = arena.memory
    part = memory[5:]
    with pytest.raises(BufferError, match="1 memoryview or NumPy array"):
        arena.close()
    memory.release()
    with pytest.raises(BufferError):
        arena.close()
    assert not arena.closed
    part.release()
    arena.close()
    arena.close()
    assert arena.closed


def test_every_way_to_an_array_keeps_its_memory(pool: cleave.Pool) -> None:
    """np.ndarray gives the buffer back at once, and keeps only the object that it came from."""
    ways: list[Callable[[cleave.Arena], npt.NDArray[np.uint8]]] = [
        lambda arena: np.frombuffer(arena.memory, dtype=np.uint8),
        lambda arena: np.ndarray(5000, dtype=np.uint8, buffer=arena.memory),
        lambda arena: np.ndarray(5000, dtype=np.uint8, buffer=arena.memory[10:]),
        lambda arena: np.asarray(arena.memory),
        lambda arena: np.ndarray(5000, dtype=np.uint8, buffer=arena.memory)[7:9],
        lambda arena: np.frombuffer(arena, dtype=np.uint8),  # type: ignore[call-overload, no-any-return]
        lambda arena: np.asarray(arena),
        lambda arena: np.ndarray(5000, dtype=np.uint8, buffer=arena),  # type: ignore[arg-type]
    ]
    for number, way in enumerate(ways):
        arena = cleave.Arena(pool, 8192)
        there = weakref.ref(arena)
        array = way(arena)
        if number == len(ways) - 1:
            arena.close()  # NumPy has the arena only; its memory stays with it
        else:
            with pytest.raises(BufferError):
                arena.close()
        del arena
        gc.collect()
        array[:] = number
        assert there() is not None and (array == number).all()
        del array
        gc.collect()
        assert there() is None


def test_arrays_over_pieces_and_pages_keep_their_memory(pool: cleave.Pool) -> None:
    space = cleave.Space(pool)
    at = space.map(8192)
    space.write(at, b"x" * 8192)
    handles: tuple[cleave.Pin | cleave.Hold, ...] = (space.pin(at, 4096), space.hold(at, 4096))
    for handle in handles:
        array: npt.NDArray[np.uint8] = np.ndarray(4096, dtype=np.uint8, buffer=handle.pieces[0])
        with pytest.raises(BufferError):
            handle.release()
        assert (array == ord("x")).all()
    page: npt.NDArray[np.uint8] = np.ndarray(4096, dtype=np.uint8, buffer=space.snapshot().view(at))
    space.close()
    pool.close()
    del handles, handle
    gc.collect()
    assert (page == ord("x")).all() and (array == ord("x")).all()


def test_a_with_block_closes_or_says_why_not(pool: cleave.Pool) -> None:
    with cleave.Arena(pool, 4096) as arena:
        arena.memory[0] = 1
    assert arena.closed
    with pytest.raises(BufferError):
        with cleave.Arena(pool, 4096) as arena:
            memory = arena.memory
    memory[0] = 1
    # The block's own exception is what counts; the buffer closes when it goes.
    with pytest.raises(ZeroDivisionError):
        with cleave.Arena(pool, 4096) as arena:
            memory = arena.memory
            1 // 0
    memory[0] = 1
    assert not arena.closed


def test_a_pin_with_a_piece_out_is_not_released(arena: cleave.Arena, pool: cleave.Pool) -> None:
    space = cleave.Space(pool)
    at = space.map(3 * 4096)
    handles: list[cleave.Pin | cleave.Hold] = [space.pin(at, 9000), space.hold(at, 9000), arena.pin(), arena.hold()]
    for handle in handles:
        first = handle.pieces[0]
        with pytest.raises(BufferError):
            handle.release()
        assert bytes(first[:3]) == bytes(3)
        first.release()
        handle.release()
        handle.release()
        assert handle.released
        with pytest.raises(ValueError, match="closed"):
            handle.pieces
        with pytest.raises(ValueError, match="closed"):
            handle.size


def test_every_call_on_what_is_closed_is_a_value_error(pool: cleave.Pool) -> None:
    arena = cleave.Arena(pool, 4096)
    space = cleave.Space(pool)
    other = cleave.Pool(4096)
    head = arena.head
    snapshot = space.snapshot()
    closing: list[cleave.Arena | cleave.Space | cleave.Pool] = [arena, space, other]
    for each in closing:
        each.close()
        assert each.closed
    calls: list[Callable[[], object]] = [
        lambda: arena.memory,
        lambda: memoryview(arena),  # type: ignore[arg-type]
        lambda: arena.size,
        lambda: len(arena),
        lambda: arena.address,
        lambda: arena.mark_dirty(),
        lambda: arena.pin(),
        lambda: arena.hold(),
        lambda: arena.commit(),
        lambda: arena.checkout(head),
        lambda: arena.revert(),
        lambda: arena.head,
        lambda: arena.changes(),
        lambda: arena.diff(head, head),
        lambda: arena.history(),
        lambda: arena.commits["one"],
        lambda: list(arena.commits),
        lambda: arena.branch().__enter__(),
        lambda: arena.statistics(),
        lambda: arena.tracking,
        lambda: arena.tracking_reason,
        lambda: space.map(4096),
        lambda: space.unmap(0, 4096),
        lambda: space.protect(0, 4096, "read"),
        lambda: space.discard(0, 4096),
        lambda: space.regions(),
        lambda: space.read(0, 1),
        lambda: space.read_into(0, bytearray(1)),
        lambda: space.write(0, b"x"),
        lambda: space.fork(),
        lambda: space.snapshot(),
        lambda: space.rollback(snapshot),
        lambda: space.diff(snapshot),
        lambda: space.pin(0, 1),
        lambda: space.hold(0, 1),
        lambda: other.reserve(1),
        lambda: other.trim(),
        lambda: other.statistics(),
        lambda: cleave.Space(other),
        lambda: cleave.Arena(other, 4096),
        lambda: cleave.Ring(other),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="the (arena|space|pool) is closed"):
            call()
    assert "closed" in repr(arena) and "closed" in repr(space) and "closed" in repr(other)
    assert head.read(0, 1) == b"\0"  # commits outlive their arena


def test_any_order_of_letting_go_is_fine() -> None:
    def make() -> dict[str, object]:
        pool = cleave.Pool(cleave.MiB)
        arena = cleave.Arena(pool, 4 * 4096)
        space = cleave.Space(pool)
        at = space.map(4 * 4096)
        space.write(at, b"x" * 16384)
        arena.memory[0] = 1
        return {
            "pool": pool,
            "arena": arena,
            "view": arena.memory[1:],
            "commit": arena.commit("one"),
            "pin": arena.pin(),
            "pieces": space.pin(at, 8192).pieces,
            "page": space.snapshot().view(at),
            "held": space.hold(at, 8192).pieces,
        }

    for order in itertools.islice(itertools.permutations(make()), 0, None, 191):
        made = make()
        for name in order:
            del made[name]
            for left in made.values():
                repr(left)
                if isinstance(left, memoryview):
                    assert left[0] in (0, ord("x"))


def test_what_stands_for_memory_is_not_pickled_or_copied(arena: cleave.Arena, pool: cleave.Pool) -> None:
    space = cleave.Space(pool)
    at = space.map(4096)
    things = [pool, arena, arena.head, arena.pin(), arena.hold(), space, space.snapshot(), space.pin(at, 1)]
    for thing in things:
        for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="cannot pickle or copy a cleave"):
                attempt(thing)  # type: ignore[operator]


def test_no_object_is_half_made(arena: cleave.Arena) -> None:
    kinds: list[Any] = [cleave.Commit, cleave.Snapshot, cleave.Pin, cleave.Hold]
    for kind in kinds:
        with pytest.raises(TypeError, match="cannot create"):
            kind()
        with pytest.raises(TypeError):
            kind.__new__(kind)
        with pytest.raises(TypeError):
            object.__new__(kind)
    kinds = [cleave.Pool, cleave.Arena, cleave.Space, cleave.Ring, cleave.SwapFile, cleave.CompressedMemory]
    for kind in kinds:
        with pytest.raises(TypeError):
            kind.__new__(kind)
        with pytest.raises(TypeError):
            object.__new__(kind)
        with pytest.raises(TypeError):
            type("Mine", (kind,), {})
    address = arena.address
    arena.__init__()  # type: ignore[misc]
    assert arena.address == address


def test_everything_takes_weak_references_and_shows_itself(arena: cleave.Arena, pool: cleave.Pool) -> None:
    space = cleave.Space(pool)
    at = space.map(4096)
    for thing in (pool, arena, arena.head, arena.commits, arena.branch(), arena.pin(), arena.hold(), space,
                  space.snapshot(), space.hold(at, 1)):
        name = type(thing).__name__
        assert type(thing).__module__ == "cleave"
        assert name.lower() in repr(thing).lower() and repr(thing)[0] == "<"
        if not isinstance(thing, (cleave.Commits, cleave.Branch)):
            assert weakref.ref(thing)() is thing
    assert repr(arena) == "<cleave.Arena of 1048576 bytes, at commit 0>"
    arena.commit("it's")
    assert repr(arena) == '''<cleave.Arena of 1048576 bytes, at "it's">'''
