"""A block that comes back to where it began."""

from __future__ import annotations

from types import TracebackType

from cleave._cleave import Arena, Commit
from cleave._errors import AlreadyExistsError


class Branch:
    """What `with arena.branch(name) as branch` gives: see Arena.branch()."""

    __slots__ = ("_arena", "_name", "_start", "_kept", "_commit")

    def __init__(self, arena: Arena, name: str | None) -> None:
        self._arena = arena
        self._name = name
        self._start: Commit | None = None
        self._kept = False
        self._commit: Commit | None = None

    def __enter__(self) -> Branch:
        if self._start is not None:
            raise RuntimeError("a branch serves one `with`; ask the arena for another")
        if self._name is not None and self._name in self._arena.commits:
            raise AlreadyExistsError(f"already_exists: a commit is named {self._name!r}")
        arena = self._arena
        self._start = arena.commit() if arena.changes() else arena.head
        return self

    def __exit__(
        self,
        raised: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._start is not None
        if self._kept and raised is None:
            self._commit = self._arena.commit(self._name)
        else:
            self._arena.checkout(self._start)

    def keep(self) -> None:
        """At the end of the block, commit under the branch's name and stay, unless it raises."""
        self._kept = True

    @property
    def start(self) -> Commit:
        """The commit that the block began at."""
        if self._start is None:
            raise RuntimeError("the block has not begun")
        return self._start

    @property
    def commit(self) -> Commit | None:
        """What was kept, after the block; None if it went back."""
        return self._commit

    def __repr__(self) -> str:
        if self._start is None:
            state = "not begun"
        else:
            state = "kept" if self._kept else "goes back"
        return f"<cleave.Branch {self._name!r}: {state}>"
