"""What the library tells about itself, as named tuples."""

from __future__ import annotations

from typing import Literal, NamedTuple

Protection = Literal["none", "read", "read_write"]


class Region(NamedTuple):
    """A mapped range of a space, and what it allows."""

    addresses: range
    protection: Protection


class PoolStatistics(NamedTuple):
    """What a pool holds at one moment. Pages, unless it says otherwise.

    The five after `budget` add up to it.
    """

    budget: int  #: that the pool may use
    used: int  #: named by a space, snapshot or hold, or pinned
    free: int  #: with memory behind them, given back by spaces
    ready: int  #: with memory behind them, never used
    returned: int  #: their memory was given back to the kernel
    untouched: int  #: the kernel has never been asked for their memory
    nodes: int  #: table nodes alive
    regions: int  #: region nodes alive
    spaces: int  #: spaces alive
    short_pins: int  #: pinned now, for one operation
    long_pins: int  #: pinned now, for as long as the holder likes
    copies: int  #: copied because they were shared, ever
    zeroed: int  #: given memory at a first write, ever
    away: int  #: in the backing alone, beside the budget
    went: int  #: sent to the backing, ever
    came: int  #: brought back, ever
    merged: int  #: of bytes that are another page's, without memory of their own


class BackingStatistics(NamedTuple):
    """What a backing holds at one moment. Pages, unless it says otherwise."""

    pages: int  #: that it holds
    capacity: int  #: that it can hold if none compresses
    compressed_pages: int  #: of these, held compressed in memory
    compressed_bytes: int  #: memory that they take
    disk_bytes: int  #: what the rest takes of a disk
    written: int  #: to a disk, ever
    read: int  #: from a disk, ever
    direct: bool  #: that disk is reached past the page cache (O_DIRECT)
    ring: bool  #: requests to it go out several at a time (io_uring)


class ImageRef(NamedTuple):
    """A ref of a repository of images."""

    name: str  #: as "warm" or "farm/7"
    commit: str  #: the id of the commit where it stands
    generation: int  #: how often it was swapped


class ImageRecord(NamedTuple):
    """What a commit of a repository says of itself. Its id is the hash of this."""

    kind: Literal["space", "arena"]
    pages: int  #: that are not zero
    message: str  #: one line for people
    payload: bytes  #: the program's own
    layout: int  #: the program's own version of what it keeps there
    root_object: int  #: the address of the program's root; 0: it has none
    parents: list[str]  #: ids of the commits that it continues
    regions: list[Region]  #: in order of address; of an arena one
    architecture: str  #: of an arena, which no other can use: "x86_64"
    modules: list[str]  #: names of what words of an arena lead to outside of it


class VerifiedImages(NamedTuple):
    """What Repository.verify() found."""

    packs: int  #: read to the end
    objects: int  #: whose hashes were compared
    commits: int  #: that refs lead to
    problems: list[str]  #: each with the name of what is wrong; empty: nothing is


class CollectedImages(NamedTuple):
    """What a round of Repository.collect() did. Packs."""

    packs: int  #: found
    candidates: int  #: that nothing needed, for the first time
    condemned: int  #: that nothing needed for the second time
    removed: int  #: that were condemned before
    rewritten: int  #: more than half dead: what lives in them was copied


class LazyProgress(NamedTuple):
    """How far a commit is here that was checked out lazily. Pages."""

    pages: int  #: that are not zero
    had: int  #: of these, fetched at least once


class ArenaStatistics(NamedTuple):
    """What an arena has done and keeps. Pages, unless it says otherwise."""

    tracking: str  #: what finds changed pages now
    commits: int  #: made so far
    living: int  #: commits alive
    recorded: int  #: written to the pool, ever
    restored: int  #: written back by checkouts, ever
    short_pins: int  #: pins alive, for one operation
    long_pins: int  #: pins alive, for as long as the holder likes


_protections: tuple[Protection, ...] = ("none", "read", "read_write")


def region(start: int, stop: int, protection: int) -> Region:
    """A Region from the library's numbers."""
    return Region(range(start, stop), _protections[protection])
