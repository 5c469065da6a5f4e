"""Pins, holds, device views, and files."""

from __future__ import annotations

import gc
import os
import weakref
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from conftest import working_trackings

import cleave

PAGE = cleave.PAGE_SIZE


def test_a_pin_and_its_space_are_one_memory(pool: cleave.Pool, tmp_path: Path) -> None:
    space = cleave.Space(pool)
    at = space.map(8 * PAGE)
    (tmp_path / "in").write_bytes(b"0123456789" * 1000)
    with (tmp_path / "in").open("rb") as file, space.pin(at + 5, 9000) as pin:
        assert pin.size == 9000 == sum(len(piece) for piece in pin.pieces)
        child = space.fork()
        assert os.preadv(file.fileno(), pin.pieces, 0) == 9000
        assert space.read(at + 5, 10) == b"0123456789" and child.read(at + 5, 10) == bytes(10)
        with pytest.raises(cleave.PinnedError):
            space.rollback(child.snapshot())
    assert pin.released
    space.rollback(child.snapshot())


def test_a_pin_for_reading_gives_read_only_pieces(pool: cleave.Pool) -> None:
    space = cleave.Space(pool)
    at = space.map(PAGE)
    with space.pin(at, PAGE, access="read", term="long") as pin:
        assert all(piece.readonly for piece in pin.pieces)
        assert pool.statistics().long_pins == 1
    assert pool.statistics().long_pins == 0
    with pytest.raises(ValueError, match='"read", "write"'):
        space.pin(at, 1, access="rw")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match='"short", "long"'):
        space.pin(at, 1, term="forever")  # type: ignore[arg-type]
    with pytest.raises(cleave.BadArgumentError):
        space.pin(at, 0)


def test_what_is_shown_of_one_byte_is_in_the_singular(pool: cleave.Pool) -> None:
    space = cleave.Space(pool)
    at = space.map(PAGE)
    with space.pin(at, 1) as one, space.pin(at, 2) as two:
        assert repr(one) == "<cleave.Pin of 1 byte>" and repr(two) == "<cleave.Pin of 2 bytes>"
    assert repr(cleave.Pool(PAGE)) == "<cleave.Pool: 0 of 1 page used>"


def test_a_pin_of_an_arena_is_the_same_memory(arena: cleave.Arena) -> None:
    with arena.pin(PAGE, 2 * PAGE) as pin:
        (piece,) = pin.pieces
        piece[:3] = b"abc"
        assert bytes(arena.memory[PAGE : PAGE + 3]) == b"abc"
        one = arena.commit()
        piece[:3] = b"def"
        assert arena.changes() == [range(PAGE, 3 * PAGE)]
        with pytest.raises(cleave.PinnedError):
            arena.checkout(one)
        del piece
    arena.checkout(one)
    assert bytes(arena.memory[PAGE : PAGE + 3]) == b"abc"


def test_a_part_outside_of_the_arena_is_refused(arena: cleave.Arena) -> None:
    for offset, size in ((arena.size, 1), (1, arena.size), (2**64 - 1, 2), (0, 2**64 - 1)):
        with pytest.raises(cleave.BadArgumentError):
            arena.pin(offset, size)
        with pytest.raises(cleave.BadArgumentError):
            arena.hold(offset, size)
        with pytest.raises(cleave.BadArgumentError):
            arena.mark_dirty(offset, size)
    arena.mark_dirty(arena.size, 0)
    with pytest.raises(cleave.BadArgumentError):
        arena.pin(arena.size)


def test_a_hold_shows_what_was(arena: cleave.Arena, pool: cleave.Pool) -> None:
    space = cleave.Space(pool)
    at = space.map(4 * PAGE)
    space.write(at, b"as it was")
    arena.memory[100:109] = b"as it was"
    with space.hold(at, 2 * PAGE) as held, arena.hold(100, 9) as kept:
        space.write(at, b"something")
        arena.memory[100:109] = b"something"
        assert held.read(at, 9) == kept.read() == b"as it was"
        assert (held.start, held.size, kept.start, kept.size) == (at, 2 * PAGE, 100, 9)
        assert b"".join(held.pieces)[:9] == b"".join(kept.pieces) == b"as it was"
        assert all(piece.readonly for piece in held.pieces + kept.pieces)
        assert kept.read(103) == b"it was" and kept.read(103, 2) == b"it" and kept.read(109) == b""
        for start, size in ((99, 1), (100, 10), (110, 0), (2**64 - 1, 1), (101, 2**64 - 1)):
            with pytest.raises(cleave.BadArgumentError):
                kept.read(start, size)
    with pytest.raises(ValueError, match="closed"):
        kept.read()


def test_files_go_in_and_out_of_a_space(pool: cleave.Pool, tmp_path: Path) -> None:
    try:
        ring = cleave.Ring(pool)
    except cleave.UnsupportedError as missing:
        pytest.skip(str(missing))
    space = cleave.Space(pool)
    at = space.map(cleave.MiB)
    (tmp_path / "in").write_bytes(os.urandom(300_000))
    with ring:
        with (tmp_path / "in").open("rb") as file:
            assert ring.read(space, at + 7, file, 400_000) == 300_000
            assert ring.read(space, at, file.fileno(), 5, offset=2) == 5
        with (tmp_path / "out").open("wb") as file:
            assert ring.write(space, at + 7, file, 300_000, 10) == 300_000
        assert (tmp_path / "out").read_bytes()[10:] == (tmp_path / "in").read_bytes()
        with (tmp_path / "in").open("rb") as file:
            with pytest.raises(OSError) as refused:
                ring.write(space, at, file, 10)
            assert isinstance(refused.value, cleave.InputOutputError) and refused.value.errno == 9
            with pytest.raises(cleave.NotMappedError) as beyond:
                ring.read(space, at + cleave.MiB - 4, file, 10)
            assert beyond.value.address == at + cleave.MiB
        with pytest.raises(TypeError):
            ring.read(space, at, "a path", 10)  # type: ignore[arg-type]
    assert ring.closed


@pytest.mark.parametrize("tracking", working_trackings())
def test_the_device_view_is_the_same_bytes_elsewhere(pool: cleave.Pool, tracking: str) -> None:
    arena = cleave.Arena(pool, 64 * PAGE, tracking=tracking)  # type: ignore[arg-type]
    device = np.frombuffer(arena.device_view, dtype=np.uint8)
    assert device.ctypes.data != arena.address and device.size == arena.size
    assert device.flags.writeable
    arena.mark_dirty()
    arena.memory[5] = 7
    device[6] = 8
    assert device[5] == 7 and arena.memory[6] == 8


@pytest.mark.parametrize("tracking", working_trackings())
def test_what_a_bitmap_tells_of_is_committed_and_goes_back(pool: cleave.Pool, tracking: str) -> None:
    arena = cleave.Arena(pool, 200 * PAGE, tracking=tracking)  # type: ignore[arg-type]
    device = np.frombuffer(arena.device_view, dtype=np.uint8)
    bitmap = np.zeros(3, dtype=np.uint64)
    device[130 * PAGE] = 1
    bitmap[2] = 1 << 2
    arena.mark_pages_dirty(bitmap.data)
    before = arena.commit()
    assert before.pages == 1
    for page in (70, 71, 199):
        device[page * PAGE] = 2
    bitmap[:] = (1 << 0 | 1 << 1, 0, 1 << (199 - 70 - 128))
    arena.mark_pages_dirty(bitmap.data, 70 * PAGE)  # counted from page 70 on
    assert arena.changes() == [range(70 * PAGE, 72 * PAGE), range(199 * PAGE, 200 * PAGE)]
    arena.checkout(before)
    assert not device[70 * PAGE :: PAGE].reshape(-1)[[0, 1, 129]].any() and device[130 * PAGE] == 1


def test_a_bitmap_that_cannot_be_is_refused_whole(pool: cleave.Pool) -> None:
    arena = cleave.Arena(pool, 10 * PAGE, tracking="software")
    for bitmap, offset in (
        (b"\1" * 7, 0),  # no whole word
        (b"\1" + bytes(7), 100),  # no page's first byte
        ((1 << 10 | 1).to_bytes(8, "little"), 0),  # page 10 of 10
        ((1 << 1 | 1).to_bytes(8, "little"), 9 * PAGE),
        (b"\1" + bytes(7), 11 * PAGE),
        (bytes(8) + b"\1" + bytes(7), 0),
    ):
        with pytest.raises(cleave.BadArgumentError):
            arena.mark_pages_dirty(bitmap, offset)
    assert arena.changes() == []
    arena.mark_pages_dirty(b"")
    arena.mark_pages_dirty(bytes(800))  # names none
    arena.mark_pages_dirty(memoryview(b"-" + (1 << 9).to_bytes(8, "little"))[1:])  # at any address
    assert arena.changes() == [range(9 * PAGE, 10 * PAGE)]
    with pytest.raises(TypeError):
        arena.mark_pages_dirty([1])  # type: ignore[arg-type]


def test_an_arena_whose_device_view_is_in_use_is_not_closed(arena: cleave.Arena) -> None:
    view = arena.device_view
    with pytest.raises(BufferError, match="1 memoryview or NumPy array"):
        arena.close()
    view.release()
    arena.close()
    with pytest.raises(ValueError, match="closed"):
        _ = arena.device_view


def test_an_array_over_the_device_view_keeps_the_memory(pool: cleave.Pool) -> None:
    arena = cleave.Arena(pool, 2 * PAGE)
    there = weakref.ref(arena)
    array: npt.NDArray[np.uint8] = np.ndarray(PAGE, dtype=np.uint8, buffer=arena.device_view)
    del arena
    gc.collect()
    array[:] = 3
    assert there() is not None and (array == 3).all()
    del array
    gc.collect()
    assert there() is None
