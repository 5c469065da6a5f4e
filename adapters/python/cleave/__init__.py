"""Branchable memory: arenas that commit and check out, spaces that fork in under a microsecond.

    >>> import cleave
    >>> pool = cleave.Pool(cleave.GiB)               # holds what commits record
    >>> arena = cleave.Arena(pool, 64 * cleave.MiB)  # where the program works: a writable buffer
    >>> memory = arena.memory
    >>> memory[:5] = b"hello"
    >>> one = arena.commit("one")
    >>> memory[:5] = b"world"
    >>> arena.checkout("one")
    >>> bytes(memory[:5])
    b'hello'

Sizes, offsets and addresses are bytes. Errors are subclasses of cleave.Error.
"""

from cleave._branch import Branch
from cleave._cleave import (
    PAGE_SIZE,
    Arena,
    Commit,
    CompressedMemory,
    Hold,
    LazyArena,
    LazyCheckout,
    LazyImages,
    Pin,
    Pool,
    PushedImage,
    Repository,
    Ring,
    Snapshot,
    Space,
    SwapFile,
    __version__,
    try_tracking,
    trackings,
    writable_segments,
)
from cleave._commits import Commits
from cleave._errors import (
    AlreadyExistsError,
    AlreadyMappedError,
    BadArgumentError,
    CancelledError,
    Error,
    InputOutputError,
    NotMappedError,
    NotPermittedError,
    OutOfMemoryError,
    PinnedError,
    TooManyPinsError,
    UnsupportedError,
)
from cleave._records import (
    ArenaStatistics,
    BackingStatistics,
    CollectedImages,
    ImageRecord,
    ImageRef,
    LazyProgress,
    PoolStatistics,
    Region,
    VerifiedImages,
)

KiB = 1 << 10
MiB = 1 << 20
GiB = 1 << 30
TiB = 1 << 40

__all__ = [
    "AlreadyExistsError",
    "AlreadyMappedError",
    "Arena",
    "ArenaStatistics",
    "BackingStatistics",
    "BadArgumentError",
    "Branch",
    "CancelledError",
    "CollectedImages",
    "Commit",
    "Commits",
    "CompressedMemory",
    "Error",
    "GiB",
    "Hold",
    "ImageRecord",
    "ImageRef",
    "InputOutputError",
    "KiB",
    "LazyArena",
    "LazyCheckout",
    "LazyImages",
    "LazyProgress",
    "MiB",
    "NotMappedError",
    "NotPermittedError",
    "OutOfMemoryError",
    "PAGE_SIZE",
    "Pin",
    "PinnedError",
    "Pool",
    "PoolStatistics",
    "PushedImage",
    "Region",
    "Repository",
    "Ring",
    "Snapshot",
    "Space",
    "SwapFile",
    "TiB",
    "TooManyPinsError",
    "UnsupportedError",
    "VerifiedImages",
    "__version__",
    "trackings",
    "try_tracking",
    "writable_segments",
]

for _name in __all__:
    _kind = globals()[_name]
    if isinstance(_kind, type):
        _kind.__module__ = "cleave"
del _name, _kind
