"""Random histories of arenas and spaces, against plain copies."""

from __future__ import annotations

import hypothesis.strategies as st
from conftest import working_trackings
from hypothesis import given, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

import cleave

PAGE = cleave.PAGE_SIZE
SIZE = 6 * PAGE
TRACKINGS = working_trackings()

places = st.integers(0, SIZE - 1) | st.sampled_from([0, PAGE - 1, PAGE, 3 * PAGE - 2, SIZE - 1])
contents = st.binary(max_size=20) | st.integers(0, 255).map(lambda byte: bytes([byte]) * (PAGE + 5))


class ArenaHistory(RuleBasedStateMachine):
    """An arena does what a list of copies would."""

    commits: Bundle[tuple[cleave.Commit, bytes]] = Bundle("commits")

    @initialize(target=commits, tracking=st.sampled_from(TRACKINGS))
    def begin(self, tracking: str) -> tuple[cleave.Commit, bytes]:
        self.arena = cleave.Arena(cleave.Pool(cleave.MiB), SIZE, tracking=tracking)  # type: ignore[arg-type]
        self.memory = self.arena.memory
        self.model = bytearray(SIZE)
        self.at_head = bytes(SIZE)
        self.names: dict[str, bytes] = {}
        return self.arena.head, bytes(SIZE)

    @rule(at=places, data=contents)
    def write(self, at: int, data: bytes) -> None:
        data = data[: SIZE - at]
        self.arena.mark_dirty(at, len(data))
        self.memory[at : at + len(data)] = data
        self.model[at : at + len(data)] = data

    @rule(target=commits)
    def commit(self) -> tuple[cleave.Commit, bytes]:
        self.at_head = bytes(self.model)
        return self.arena.commit(), self.at_head

    @rule(target=commits, name=st.sampled_from(["a", "b", "ü"]))
    def commit_by_name(self, name: str) -> tuple[cleave.Commit, bytes]:
        if name in self.names:
            del self.arena.commits[name]
        self.at_head = self.names[name] = bytes(self.model)
        return self.arena.commit(name), self.at_head

    @rule(commit=commits)
    def checkout(self, commit: tuple[cleave.Commit, bytes]) -> None:
        self.arena.checkout(commit[0])
        self.model[:] = self.at_head = commit[1]

    @rule(name=st.sampled_from(["a", "b", "ü"]))
    def checkout_by_name(self, name: str) -> None:
        if name in self.names:
            self.arena.checkout(name)
            self.model[:] = self.at_head = self.names[name]

    @rule()
    def revert(self) -> None:
        self.arena.revert()
        self.model[:] = self.at_head

    @rule(a=commits, b=commits)
    def diff(self, a: tuple[cleave.Commit, bytes], b: tuple[cleave.Commit, bytes]) -> None:
        named = {offset for run in self.arena.diff(a[0], b[0]) for offset in run}
        assert all(offset in named for offset in range(SIZE) if a[1][offset] != b[1][offset])

    @rule(commit=commits, at=places)
    def read(self, commit: tuple[cleave.Commit, bytes], at: int) -> None:
        assert commit[0].read(at, min(30, SIZE - at)) == commit[1][at : at + 30]

    @rule(at=places, data=contents)
    def branch(self, at: int, data: bytes) -> None:
        before = bytes(self.model)
        with self.arena.branch():
            self.write(at, data)
        self.model[:] = self.at_head = before

    @invariant()
    def same(self) -> None:
        if hasattr(self, "arena"):
            assert bytes(self.memory) == self.model
            assert set(self.arena.commits) == set(self.names)

    def teardown(self) -> None:
        if hasattr(self, "arena"):
            self.memory.release()
            self.arena.close()


TestArenaHistory = ArenaHistory.TestCase
TestArenaHistory.settings = settings(max_examples=settings().max_examples // 2, stateful_step_count=25)


@given(st.lists(st.tuples(st.integers(0, 4), places, contents), max_size=20))
def test_spaces_are_as_plain_copies(steps: list[tuple[int, int, bytes]]) -> None:
    pool = cleave.Pool(cleave.MiB)
    first = cleave.Space(pool)
    first.map(SIZE, at=0)
    spaces = [(first, bytearray(SIZE))]
    for number, at, data in steps:
        space, model = spaces[number % len(spaces)]
        data = data[: SIZE - at]
        space.write(at, data)
        model[at : at + len(data)] = data
        if len(spaces) < 5:
            spaces.append((space.fork(), bytearray(model)))
    for space, model in spaces:
        assert space.read(0, SIZE) == model
    for space, model in spaces:
        named = {address for run in first.diff(space) for address in run}
        assert all(at in named for at in range(SIZE) if spaces[0][1][at] != model[at])


@given(st.binary(max_size=3 * PAGE), places)
def test_any_buffer_comes_back(data: bytes, at: int) -> None:
    space = cleave.Space(cleave.Pool(cleave.MiB))
    space.map(4 * SIZE, at=0)
    space.write(at, data)
    assert space.read(at, len(data)) == data
    into = bytearray(len(data))
    space.snapshot().read_into(at, into)
    assert into == data
