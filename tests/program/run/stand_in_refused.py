"""What is refused under `cleave run`, and for how long."""
from session import outcome
from stand_in_program import PROGRAM, Program


def check_an_exec_is_told():
    p = Program()
    text = p.says("exec of nothing", "exec -1 ENOENT")
    assert "exec ends" not in text, text
    text = p.says("exec of nothing by number", "exec -1 ENOENT")
    assert "exec ends" not in text, text
    text = p.says("exec", "another program\n")
    assert "exec ends the commits: /bin/echo runs without" in text, text
    p.session.process.wait(60)
    for line, name in ("exec by number", "/bin/echo"), ("exec in a folder", "echo"):
        p = Program()
        text = p.says(line, "another program\n")
        assert f"exec ends the commits: {name} runs without" in text, text
        p.session.process.wait(60)


def check_what_cannot_go_back_is_refused():
    p = Program()
    for line, error, sentence in (
            ("thread", "thread -11", "pthread_create refused: a second thread, "),
            ("thread of C", "thread -3", "thrd_create refused: a second thread, "),
            ("fork", "fork -1 ENOSYS", "fork refused: the child would have none"),
            ("vfork", "vfork -1 ENOSYS", "vfork refused: the child would have none"),
            ("clone", "clone -1 ENOSYS", "clone refused: a second thread would run on"),
            ("clone by number", "clone -1 ENOSYS", "by a system call of its own is refused"),
            ("ring", "ring -1 ENOSYS", "io_uring refused: the kernel would write"),
            ("break by number", "break 0", "brk refused: the memory would not go back"),
            ("low", "low -1 ENOMEM", "mmap refused: in the lowest part of the address space"),
            ("share", "share -1 EACCES", "mmap refused: what shared memory holds would not go back"),
    ):
        text = p.says(line, error)
        assert sentence in text, text
        if line.startswith("thread"):
            assert f"of {PROGRAM}" in text, text
    p.says("spawn", "spawn 0\n")
    p.commit("all is well")
    p.end()


def check_a_thread_that_came_by_a_system_call_refuses_commits_and_checkouts_until_it_ends():
    p = Program()
    before = p.committed("before")
    p.says("raw thread", "thread runs\n")
    p.refuses("the program has a second thread, ")
    p.steps(1)
    p.state(1)
    p.says("let go", "let go\n")
    while (answer := p.checkout("before"))[0].startswith("no: the program has a second thread"):
        pass
    assert outcome(answer) == before
    p.state(0)
    p.end()


def check_a_ring_that_came_by_a_system_call_refuses_commits_and_checkouts_until_it_is_closed():
    p = Program()
    before = p.committed("before")
    p.session.give("raw ring")
    if "ring made" in p.session.wait_for("\n"):
        p.refuses("is an io_uring: the kernel may write")
        p.says("end ring", "end 0")
        p.goes_back("before", before)
    p.end()


def check_what_is_not_known_refuses_commits_and_checkouts():
    p = Program()
    before = p.committed("before")
    p.says("use all", "used 1")
    p.refuses("/proc/self/status cannot be read")
    p.says("give back", "given back\n")
    p.steps(1)
    p.state(1)
    p.goes_back("before", before)
    p.state(0)
    p.end()


def check_input_and_output_that_runs_on_refuses_commits_and_checkouts():
    p = Program()
    before = p.committed("before")
    p.session.give("aio")
    if "aio 0" in p.session.wait_for("\n"):
        p.refuses("asynchronous input and output")
        p.says("end aio", "end 0")
    p.goes_back("before", before)
    p.end()
