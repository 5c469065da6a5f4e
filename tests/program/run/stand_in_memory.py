"""Memory under `cleave run`."""
from session import outcome
from stand_in_program import LIBRARY, Program


def check_all_kinds_of_memory_go_back():
    p = Program()
    p.steps(3)
    p.state(3)
    three = p.committed("three")
    p.steps(4)
    p.state(7)
    seven = p.committed("seven")
    for _ in range(5):
        p.goes_back("three", three)
        p.state(3)
        p.steps(1)
        p.state(4)
        p.goes_back("seven", seven)
        p.state(7)
    p.end()


def check_a_library_that_was_loaded_goes_and_comes_back():
    p = Program()
    before = p.committed("before")
    p.says(f"load {LIBRARY}", "loaded\n")
    p.steps(2)
    p.state(2, library=3)
    loaded = p.commit("loaded")
    assert loaded[1:] == [], loaded
    p.says("unload", "unload 0")
    p.goes_back("before", before)
    p.state(0)
    p.goes_back("loaded", outcome(loaded))
    p.state(2, library=3)
    p.steps(1)
    p.state(3, library=4)
    p.end()


def check_memory_calls_do_what_the_kernel_does():
    p = Program()
    before = p.committed("before")
    for _ in range(5):
        p.says("memory", "memory good\n")
    p.goes_back("before", before)
    p.says("memory", "memory good\n")
    p.end()


def check_memory_calls_by_number_go_back_as_well():
    p = Program()
    before = p.committed("before")
    for _ in range(3):
        p.says("memory by number", "memory good\n")
    answer = p.commit("after")
    assert answer[1:] == [], answer
    p.goes_back("before", before)
    p.says("memory by number", "memory good\n")
    p.end()
