"""Named commits as a mapping."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cleave._cleave import Arena, Commit


class Commits(Mapping[str, Commit]):
    """The commits that an arena keeps by name, each after its parent. Always as they are now."""

    __slots__ = ("_arena",)

    def __init__(self, arena: Arena) -> None:
        self._arena = arena

    def __getitem__(self, name: str) -> Commit:
        found = self._arena._find(name)
        if found is None:
            raise KeyError(name)
        return found

    def __delitem__(self, name: str) -> None:
        """Lets the name go. The commit ends with its last object."""
        self._arena._forget(name)

    def __iter__(self) -> Iterator[str]:
        for commit in self._arena.history():
            name = commit.name
            # A name that was let go may be another commit's by now.
            if name is not None and self.get(name) == commit:
                yield name

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<commits of an arena: {', '.join(map(repr, self)) or 'none'}>"
