"""What goes wrong, as exceptions: one class for each code of the library."""

from __future__ import annotations


class Error(Exception):
    """What a call of the library could not do, and what to do next.

    code: the kind, as in "no_memory"; docs/reference/errors.md has all of them.
    address: the first byte that could not be served, None where no address is at issue.
    errno: the kernel's error number where a system call failed, else None.
    """

    code: str = "error"
    address: int | None
    errno: int | None

    def __init__(self, message: str, address: int | None = None, errno: int | None = None) -> None:
        super().__init__(message)
        self.address = address
        self.errno = errno

    def __reduce__(self) -> tuple[type[Error], tuple[str, int | None, int | None]]:
        return type(self), (str(self), self.address, self.errno)


class OutOfMemoryError(Error, MemoryError):
    """The pool's budget, or the machine's memory, is used up: let go of something."""

    code = "no_memory"


class NotMappedError(Error, LookupError):
    """No region covers the address."""

    code = "not_mapped"


class AlreadyMappedError(Error):
    """A region covers part of the range."""

    code = "already_mapped"


class NotPermittedError(Error):
    """The region's protection forbids the access; or a child of fork(2) asks."""

    code = "not_permitted"


class BadArgumentError(Error, ValueError):
    """Misaligned, empty, out of range, or of another pool or arena."""

    code = "bad_argument"


class PinnedError(Error):
    """A page in the range is pinned, and the operation would have to change or move it."""

    code = "pinned"


class TooManyPinsError(Error):
    """A page has as many pins as can be counted."""

    code = "too_many_pins"


class UnsupportedError(Error):
    """The kernel lacks what the operation needs; `cleave doctor` says more."""

    code = "unsupported"


class InputOutputError(Error, OSError):  # type: ignore[misc]  # typeshed: errno is never None
    """A file or device refused; `errno` says why."""

    code = "io"


class CancelledError(Error):
    """The operation was given up, as was asked for."""

    code = "cancelled"


class AlreadyExistsError(Error):
    """The name is taken."""

    code = "already_exists"


_classes: dict[str, type[Error]] = {kind.code: kind for kind in Error.__subclasses__()}


def make(code: str, message: str, address: int, errno: int) -> Error:
    """The exception for what the library says; it has 0 where there is no address or no errno."""
    where = address if address != 0 or code == "not_mapped" else None
    return _classes[code](message, where, errno if errno != 0 else None)
