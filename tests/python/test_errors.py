"""Errors as exceptions."""

from __future__ import annotations

import inspect
import pickle

import pytest

import cleave

BY_CODE = {kind.code: kind for kind in cleave.Error.__subclasses__()}


def test_there_is_a_class_for_each_code() -> None:
    assert set(BY_CODE) == {
        "no_memory", "not_mapped", "already_mapped", "not_permitted", "bad_argument", "pinned", "too_many_pins",
        "unsupported", "io", "cancelled", "already_exists",
    }  # fmt: skip
    for code, kind in BY_CODE.items():
        error = kind(f"{code}: what happened", 4096, 12)
        assert (error.code, error.address, error.errno, str(error)) == (code, 4096, 12, f"{code}: what happened")
        assert getattr(cleave, kind.__name__) is kind


def test_python_names_what_python_has() -> None:
    assert issubclass(cleave.OutOfMemoryError, MemoryError)
    assert issubclass(cleave.BadArgumentError, ValueError)
    assert issubclass(cleave.NotMappedError, LookupError)
    assert issubclass(cleave.InputOutputError, OSError)


def test_errors_travel_to_other_processes() -> None:
    for kind in BY_CODE.values():
        error = pickle.loads(pickle.dumps(kind("what", 1, 2)))
        assert type(error) is kind and (str(error), error.address, error.errno) == ("what", 1, 2)


def test_an_error_says_what_where_and_what_next(pool: cleave.Pool) -> None:
    space = cleave.Space(pool)
    with pytest.raises(cleave.NotMappedError) as caught:
        space.read(0x5000, 1)
    assert caught.value.address == 0x5000 and caught.value.errno is None
    assert "0x5000" in str(caught.value) and str(caught.value).startswith("not_mapped: ")
    with pytest.raises(cleave.NotMappedError) as at_zero:
        space.read(0, 1)
    assert at_zero.value.address == 0


def test_numbers_are_whole_and_not_negative(pool: cleave.Pool) -> None:
    import numpy as np

    assert cleave.Arena(pool, np.int32(5000)).size == 8192
    with pytest.raises(ValueError, match="not negative"):
        cleave.Arena(pool, -1)
    with pytest.raises(OverflowError):
        cleave.Arena(pool, 2**64)
    for wrong in (1.5, "1", None):
        with pytest.raises(TypeError):
            cleave.Arena(pool, wrong)  # type: ignore[arg-type]
    with pytest.raises(cleave.BadArgumentError):
        cleave.Arena(pool, 2**63)
    with pytest.raises(cleave.BadArgumentError):
        cleave.Pool(0)
    with pytest.raises(TypeError):
        cleave.Arena(None, 4096)  # type: ignore[arg-type]


def test_every_function_says_how_it_is_called() -> None:
    for name in cleave.__all__:
        thing = getattr(cleave, name)
        if isinstance(thing, int | str):
            continue
        assert thing.__doc__ and thing.__doc__.strip(), name
        if inspect.isclass(thing) and not issubclass(thing, tuple | Exception):
            for member, value in vars(thing).items():
                if not member.startswith("_"):
                    assert value.__doc__, f"{name}.{member}"
                    if callable(value):
                        assert inspect.signature(getattr(thing, member)), f"{name}.{member}"
