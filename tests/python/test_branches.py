"""Named commits, and blocks that come back."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

import cleave


def test_named_commits_are_a_mapping(arena: cleave.Arena) -> None:
    commits = arena.commits
    assert isinstance(commits, Mapping) and len(commits) == 0 and not commits
    arena.memory[0] = 1
    one = arena.commit("one")
    arena.memory[0] = 2
    two = arena.commit("zwei – two")
    assert dict(commits) == {"one": one, "zwei – two": two} == dict(arena.commits)
    assert list(commits) == ["one", "zwei – two"]
    assert "one" in commits and "three" not in commits
    assert commits.get("three") is None
    with pytest.raises(KeyError):
        commits["three"]
    del commits["one"]
    assert list(commits) == ["zwei – two"] and one.name == "one"
    with pytest.raises(KeyError):
        del commits["one"]
    arena.checkout(one)
    assert arena.memory[0] == 1


def test_a_name_may_be_used_again(arena: cleave.Arena) -> None:
    old = arena.commit("one")
    with pytest.raises(cleave.AlreadyExistsError):
        arena.commit("one")
    del arena.commits["one"]
    new = arena.commit("one")
    assert old != new and dict(arena.commits) == {"one": new}
    with pytest.raises(cleave.BadArgumentError):
        arena.commit("")


def test_names_that_are_not_there_are_key_errors(arena: cleave.Arena) -> None:
    with pytest.raises(KeyError):
        arena.checkout("none")
    with pytest.raises(KeyError):
        arena.diff("none", arena.head)
    with pytest.raises(TypeError):
        arena.checkout(7)  # type: ignore[arg-type]


def test_a_branch_goes_back(arena: cleave.Arena) -> None:
    memory = arena.memory
    memory[0] = 1
    with arena.branch("try") as branch:
        memory[0] = 2
        assert branch.start.read(0, 1) == b"\1"
    assert memory[0] == 1 and branch.commit is None
    assert "try" not in arena.commits


def test_a_branch_that_is_kept_stays(arena: cleave.Arena) -> None:
    memory = arena.memory
    with arena.branch("try") as branch:
        memory[0] = 2
        branch.keep()
        memory[1] = 3
    assert bytes(memory[:2]) == b"\2\3"
    assert arena.commits["try"] == branch.commit == arena.head


def test_a_branch_that_raises_goes_back_even_if_kept(arena: cleave.Arena) -> None:
    memory = arena.memory
    with pytest.raises(ZeroDivisionError):
        with arena.branch("try") as branch:
            memory[0] = 2
            branch.keep()
            1 // 0
    assert memory[0] == 0 and dict(arena.commits) == {}


def test_branches_stand_in_each_other(arena: cleave.Arena) -> None:
    memory = arena.memory
    seen = []
    for first in (1, 2):
        with arena.branch():
            memory[0] = first
            for second in (3, 4):
                with arena.branch():
                    memory[1] = second
                    seen.append(bytes(memory[:2]))
                assert bytes(memory[:2]) == bytes([first, 0])
    assert seen == [b"\1\3", b"\1\4", b"\2\3", b"\2\4"]
    assert memory[0] == 0 and arena.changes() == []
    assert len(arena.history()) == 1


def test_a_branch_whose_name_is_taken_does_not_begin(arena: cleave.Arena) -> None:
    arena.commit("taken")
    with pytest.raises(cleave.AlreadyExistsError):
        with arena.branch("taken"):
            raise AssertionError("not reached")
    branch = arena.branch("free")
    with pytest.raises(RuntimeError):
        branch.start
    with branch:
        pass
    with pytest.raises(RuntimeError):
        with branch:
            pass


def test_commits_made_in_a_branch_stay(arena: cleave.Arena) -> None:
    with arena.branch():
        arena.memory[0] = 5
        arena.commit("found")
    assert arena.memory[0] == 0
    arena.checkout("found")
    assert arena.memory[0] == 5


def test_a_branch_cannot_go_back_under_a_pin(arena: cleave.Arena) -> None:
    with arena.pin(0, 4096) as pin:
        with pytest.raises(cleave.PinnedError) as caught:
            with arena.branch() as branch:
                arena.memory[0] = 1
        assert caught.value.address == arena.address and pin.size == 4096
    arena.checkout(branch.start)
    assert arena.memory[0] == 0
