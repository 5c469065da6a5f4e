"""Memory under `cleave run`."""
from session import outcome
from stand_in_program import LIBRARY, Program


def check_all_kinds_of_memory_go_back():
    p = Program()
    p.steps(3)
    p.state(3)
    three = outcome(p.commit("three"))
    p.steps(4)
    p.state(7)
    seven = outcome(p.commit("seven"))
    for _ in range(5):
        assert outcome(p.checkout("three")) == three
        p.state(3)
        p.steps(1)
        p.state(4)
        assert outcome(p.checkout("seven")) == seven
        p.state(7)
    p.end()


def check_a_library_that_was_loaded_goes_and_comes_back():
    p = Program()
    before = outcome(p.commit("before"))
    p.says(f"load {LIBRARY}", "loaded\n")
    p.steps(2)
    p.state(2, library=3)
    loaded = p.commit("loaded")
    assert loaded[1:] == [], loaded
    p.says("unload", "unload 0")
    assert outcome(p.checkout("before")) == before
    p.state(0)
    assert outcome(p.checkout("loaded")) == outcome(loaded)
    p.state(2, library=3)
    p.steps(1)
    p.state(3, library=4)
    p.end()


def check_memory_calls_do_what_the_kernel_does():
    p = Program()
    before = outcome(p.commit("before"))
    for _ in range(5):
        p.says("memory", "memory good\n")
    assert outcome(p.checkout("before")) == before
    p.says("memory", "memory good\n")
    p.end()


def check_memory_calls_by_number_go_back_as_well():
    p = Program()
    before = outcome(p.commit("before"))
    for _ in range(3):
        p.says("memory by number", "memory good\n")
    answer = p.commit("after")
    assert answer[1:] == [], answer
    assert outcome(p.checkout("before")) == before
    p.says("memory by number", "memory good\n")
    p.end()
