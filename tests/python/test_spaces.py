"""Spaces: sparse memory that forks."""

from __future__ import annotations

import numpy as np
import pytest

import cleave

PAGE = cleave.PAGE_SIZE


@pytest.fixture
def space(pool: cleave.Pool) -> cleave.Space:
    return cleave.Space(pool)


def test_what_is_written_is_read(space: cleave.Space) -> None:
    at = space.map(10 * PAGE)
    space.write(at + 4090, b"across pages")
    assert space.read(at + 4090, 12) == b"across pages"
    assert space.read(at, 0) == b"" and space.read(at, 3) == bytes(3)
    into = bytearray(12)
    space.read_into(at + 4090, into)
    assert into == b"across pages"
    numbers = np.arange(1000, dtype=np.int64)
    space.write(at, numbers.data)
    back = np.empty_like(numbers)
    space.read_into(at, back.data)
    assert (numbers == back).all()


def test_only_contiguous_buffers_are_taken(space: cleave.Space) -> None:
    at = space.map(PAGE)
    with pytest.raises((BufferError, ValueError)):
        space.write(at, np.arange(10)[::2].data)
    with pytest.raises((BufferError, TypeError)):
        space.read_into(at, b"read-only")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        space.write(at, "text")  # type: ignore[arg-type]


def test_regions_are_mapped_protected_and_unmapped(space: cleave.Space) -> None:
    assert space.map(2 * PAGE, at=16 * PAGE) == 16 * PAGE
    space.map(2 * PAGE, 18 * PAGE, protection="read")
    assert space.regions() == [
        cleave.Region(range(16 * PAGE, 18 * PAGE), "read_write"),
        cleave.Region(range(18 * PAGE, 20 * PAGE), "read"),
    ]
    with pytest.raises(cleave.NotPermittedError) as caught:
        space.write(17 * PAGE, bytes(2 * PAGE))
    assert caught.value.address == 18 * PAGE
    space.protect(16 * PAGE, 4 * PAGE, "none")
    with pytest.raises(cleave.NotPermittedError):
        space.read(16 * PAGE, 1)
    space.unmap(16 * PAGE, 4 * PAGE)
    with pytest.raises(LookupError) as gone:
        space.read(16 * PAGE, 1)
    assert isinstance(gone.value, cleave.NotMappedError)
    assert space.regions() == []
    with pytest.raises(cleave.AlreadyMappedError):
        space.map(PAGE, 0)
        space.map(PAGE, 0)
    with pytest.raises(ValueError, match='"none", "read", "read_write"'):
        space.map(PAGE, protection="rw")  # type: ignore[arg-type]


def test_discarded_pages_are_zeroes(space: cleave.Space) -> None:
    at = space.map(2 * PAGE)
    space.write(at, b"x" * 2 * PAGE)
    space.discard(at, PAGE)
    assert space.read(at, 2 * PAGE) == bytes(PAGE) + b"x" * PAGE


def test_forks_and_snapshots_keep_apart(space: cleave.Space) -> None:
    at = space.map(4 * PAGE)
    space.write(at, b"parent")
    moment = space.snapshot()
    child = space.fork()
    child.write(at, b"child!")
    space.write(at + PAGE, b"later")
    assert space.read(at, 6) == moment.read(at, 6) == b"parent" and child.read(at, 6) == b"child!"
    assert moment.fork().read(at + PAGE, 5) == bytes(5)
    assert space.diff(child) == [range(at, at + 2 * PAGE)]
    assert space.diff(moment) == [range(at + PAGE, at + 2 * PAGE)]
    assert moment.diff(child.snapshot()) == [range(at, at + PAGE)] and moment.diff(moment) == []
    assert moment.regions() == space.regions()
    space.rollback(moment)
    assert space.diff(moment) == []
    with pytest.raises(TypeError):
        space.diff(b"bytes")  # type: ignore[arg-type]


def test_a_page_of_a_snapshot_is_seen_where_it_lies(space: cleave.Space) -> None:
    at = space.map(4 * PAGE)
    space.write(at, b"page")
    page = space.snapshot().view(at + 17)
    assert page.readonly and len(page) == PAGE and bytes(page[:4]) == b"page"
    space.write(at, b"else")
    space.close()
    assert bytes(page[:4]) == b"page"
    with pytest.raises(TypeError):
        page[0] = 1


def test_spaces_of_other_pools_are_refused(space: cleave.Space, pool: cleave.Pool) -> None:
    other = cleave.Space(cleave.Pool(cleave.MiB))
    with pytest.raises(cleave.BadArgumentError):
        space.diff(other)
    with pytest.raises(cleave.BadArgumentError):
        space.rollback(other.snapshot())


def test_a_full_pool_says_where(pool: cleave.Pool) -> None:
    space = cleave.Space(cleave.Pool(4 * PAGE))
    at = space.map(64 * PAGE)
    with pytest.raises(cleave.OutOfMemoryError) as caught:
        space.write(at, b"x" * 64 * PAGE)
    assert caught.value.address is not None and at < caught.value.address <= at + 5 * PAGE
    assert space.read(at, 3 * PAGE) == b"x" * 3 * PAGE


def test_reads_larger_than_any_memory_are_errors(space: cleave.Space) -> None:
    at = space.map(PAGE)
    for size in (2**46, 2**62, 2**63, 2**64 - 1):
        with pytest.raises((MemoryError, OverflowError, cleave.Error)):
            space.read(at, size)


def test_a_pool_reserves_and_trims() -> None:
    pool = cleave.Pool(64 * cleave.MiB)
    space = cleave.Space(pool)
    at = space.map(32 * cleave.MiB)
    pool.reserve(32 * cleave.MiB)
    assert pool.statistics().ready + pool.statistics().free >= 8192
    space.write(at, bytes(range(1, 129)) * (32 * cleave.MiB // 128))
    space.unmap(at, 32 * cleave.MiB)
    assert pool.trim() > 0
    with pytest.raises(cleave.OutOfMemoryError):
        pool.reserve(65 * cleave.MiB)
    now = pool.statistics()
    assert now.budget == now.used + now.free + now.ready + now.returned + now.untouched == 16384
