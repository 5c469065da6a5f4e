"""Pins, holds, and files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

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
