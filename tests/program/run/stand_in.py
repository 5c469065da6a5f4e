#!/usr/bin/env python3
"""Every kind of state under `cleave run`, one at a time, in a program of our own; and what is refused or told.
  stand_in.py <cleave> <program> <library>"""
import fcntl
import os
import pty
import signal
import subprocess
import sys
import time

from session import Session, outcome

CLEAVE, PROGRAM, LIBRARY = (os.path.abspath(path) for path in sys.argv[1:4])


class Program:
    """The stand-in, which answers each line with a line."""

    def __init__(self, under=()):
        self.session = Session(CLEAVE, [PROGRAM, __file__], under)
        self.session.wait_for("ready\n")
        assert self.session.ask("hash on") == ["ok"]

    def says(self, line, expected):
        self.session.give(line)
        text = self.session.wait_for(expected)
        return text

    def steps(self, count):
        for _ in range(count):
            self.session.give("step")

    def state(self, count, library=-1):
        on = count + 1
        self.says("state", f"state {on} {count} {on} {on} {on} {on} {library} {count}\n")

    def wait_in(self, line, call):
        """Gives the line, and returns when the program waits in the system call, a number: where that can be known."""
        self.session.give(line)
        until = time.monotonic() + 60
        while True:
            try:
                with open(f"/proc/{self.session.process.pid}/syscall", encoding="utf-8") as now:
                    if now.read().split()[0] == str(call):
                        return
            except OSError:
                time.sleep(0.5)
                return
            assert time.monotonic() < until, f"{line}: does not wait in system call {call}"
            time.sleep(0.001)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.session.process.pid}/fd"))

    def commit(self, name):
        return self.session.ask(f"commit {name}")

    def checkout(self, name):
        return self.session.ask(f"checkout {name}")

    def end(self):
        status, text = self.session.end()
        assert status == 0 and text.endswith("ends well\n"), (status, text)


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


def check_a_program_that_handles_blocks_and_waits_for_all_signals_still_goes_back():
    p = Program()
    before = outcome(p.commit("before"))
    p.says("handle all", "handled\n")
    p.steps(1)
    p.state(1)
    assert outcome(p.checkout("before")) == before
    p.state(0)
    p.says("block all", "block 0")
    p.steps(2)
    p.state(2)
    blocked = outcome(p.commit("blocked"))
    p.wait_in("wait for any", 128)
    for _ in range(3):  # no signal of ours is what it waits for
        assert p.session.ask("log")[0] == "ok"
    os.kill(p.session.process.pid, signal.SIGUSR2)
    p.session.wait_for(f"came 0 {int(signal.SIGUSR2)}\n")
    p.steps(1)
    p.state(3)
    assert outcome(p.checkout("blocked")) == blocked
    p.state(2)
    p.end()


def check_a_mask_that_a_handler_or_a_waiting_call_has_leaves_commands_their_signal():
    for line in "jump", "jump by number":
        p = Program()
        before = outcome(p.commit("before"))
        p.says(line, "left the handler\n")
        p.steps(1)
        p.state(1)
        assert outcome(p.checkout("before")) == before
        p.state(0)
        p.end()
    p = Program()
    for line in "deny", "deny by number":
        p.says(line, "denied\n")
        assert p.commit("denied")[0].startswith("ok ")
    for name, call in ("rt_sigsuspend", 130), ("ppoll", 271), ("pselect6", 270), ("epoll_pwait", 281):
        for how in "", " by number":
            p.wait_in(f"wait in {name}{how}", call)
            assert p.session.ask("log")[0] == "ok"
            p.says("", "waited -1 EINTR\n")
    p.end()


def proc_lists_locks():
    """Elsewhere than on Linux itself it may not."""
    with open(__file__, "rb") as file:
        fcntl.lockf(file, fcntl.LOCK_SH)
        with open("/proc/locks", encoding="utf-8") as all_locks:
            return any(f" {os.getpid()} " in line for line in all_locks)


def check_locks_of_files_survive_the_end_of_a_commit_that_kept_the_file_open():
    p = Program()
    p.says("open again", "opened 0")
    p.commit("one")  # which keeps both open
    p.says("close again", "close 0")
    p.says("posix lock", "lock 0")

    def locks():
        with open("/proc/locks", encoding="utf-8") as all_locks:
            return sum(f" {p.session.process.pid} " in line for line in all_locks)

    p.commit("two")
    kept = p.descriptors()
    assert p.session.ask("forget one") == ["ok"]
    if proc_lists_locks():
        assert locks() == 1, "the lock went with the commit"
        assert p.descriptors() == kept
    p.end()


def check_a_forgotten_commit_gives_its_descriptors_back_where_none_is_left():
    p = Program()
    p.says("open again", "opened 0")
    p.commit("one")
    p.says("close again", "close 0")
    p.commit("two")
    p.says("use all", "used 1")
    kept = p.descriptors()
    assert p.session.ask("forget one") == ["ok"]
    assert p.descriptors() == kept - 1
    p.says("give back", "given back\n")
    p.end()


def check_what_the_kernel_keeps_goes_back():
    p = Program()
    p.says("folder", f"folder {p.session.folder.name}\n")
    p.says("third", "third 0.33333333333333331483\n")
    p.says("handle", "handle 0")
    p.says("raise", "signals 1\n")
    p.says("state", "state")
    p.commit("before")
    p.says("up", "up\n")
    p.says("third", "third 0.33333333333333337034\n")
    p.says("alarm", "alarm 0\n")
    p.says("alarm", "alarm 1\n")
    p.says("leave", "leave 0")
    p.says("close", "close 0")
    p.checkout("before")
    p.says("third", "third 0.33333333333333331483\n")
    p.says("folder", f"folder {p.session.folder.name}\n")
    p.says("raise", "signals 2\n")
    p.says("alarm", "alarm 0\n")
    p.state(0)
    p.steps(1)
    p.state(1)
    p.end()


def check_the_program_itself_can_ask():
    p = Program()
    p.says("known", "known 1\n")
    p.says("commit one", "commit 0\n")
    p.steps(2)
    p.state(2)
    p.says("checkout one", "commit 1\n")
    p.state(0)
    p.says("checkout nowhere", "checkout -1\n")
    assert p.session.ask("log")[1].startswith("0 one: ")
    p.end()


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
    before = outcome(p.commit("before"))
    p.says("raw thread", "thread runs\n")
    for answer in p.commit("no"), p.checkout("before"):
        assert answer[0].startswith("no: the program has a second thread, "), answer
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
    before = outcome(p.commit("before"))
    p.session.give("raw ring")
    if "ring made" in p.session.wait_for("\n"):
        for answer in p.commit("no"), p.checkout("before"):
            assert "is an io_uring: the kernel may write" in answer[0], answer
        p.says("end ring", "end 0")
        assert outcome(p.checkout("before")) == before
    p.end()


def check_what_does_not_go_back_is_told():
    p = Program()
    assert len(p.commit("before")) == 1
    p.says("pipe", "pipe 0")
    told = p.checkout("before")
    assert sum("was opened since the commit; it stays open" in line for line in told) == 2, told
    p.end()


def check_flags_names_limits_and_a_folders_position_go_back():
    p = Program()
    p.says("keep", "kept 0 \n")
    before = p.says("kept", "\n")
    p.commit("before")
    for what in "folder", "flags", "close on exec", "name", "limit", "settings", "scheduling", "gs":
        p.says(f"change {what}", "changed 0 \n")
    assert p.says("kept", "\n") != before
    told = p.checkout("before")
    assert len(told) == 1, told
    assert p.says("kept", "\n") == before
    p.end()


def may_raise_its_priority(under):
    """Whether a program that is started so may: root may, others by a limit."""
    tried = subprocess.run([*under, "/bin/sh", "-c", "renice -n 7 -p $$ && renice -n 0 -p $$"], capture_output=True,
                           check=False)
    return tried.returncode == 0


def check_a_priority_goes_back_or_is_told():
    without_the_right = ("setpriv", "--bounding-set", "-sys_nice", "--inh-caps", "-sys_nice")
    for under in (), without_the_right:
        if under and (os.geteuid() != 0 or subprocess.run([*under, "true"], check=False).returncode != 0):
            continue
        p = Program(under)
        before = p.says("kept", "\n")
        p.commit("before")
        p.says("change priority", "changed 0 \n")
        assert "priority 7" in p.says("kept", "\n")
        told = p.checkout("before")[1:]
        now = p.says("kept", "\n")
        if may_raise_its_priority(under):
            assert told == [] and now == before, (told, now)
        else:
            assert told == ["told: the priority may not be raised again"] and "priority 7" in now, (told, now)
        p.end()


def has_no_new_privileges():
    with open("/proc/self/status", encoding="utf-8") as status:
        return any(line.split() == ["NoNewPrivs:", "1"] for line in status)


def may_lock_capabilities():
    with open("/proc/self/status", encoding="utf-8") as status:
        effective = next(int(line.split()[1], 16) for line in status if line.startswith("CapEff:"))
    return effective >> 8 & 1  # CAP_SETPCAP


def check_what_the_kernel_keeps_and_does_not_give_back_is_told():
    for what, sentence in (
            ("event", "(anon_inode:[eventfd]) is not in the state that it had"),
            ("watch", "(anon_inode:[eventpoll]) is not in the state that it had"),
            ("timer", "(anon_inode:[timerfd]) is not in the state that it had"),
            ("lock", "is not in the state that it had"),
            ("pipe", "held 0 bytes and holds 3; they stay"),
            ("capabilities", "PR_SET_KEEPCAPS of prctl(2): was 0, is 1; it stays"),
            ("privileges", "no_new_privs: were 0, are 1; they stay"),
            ("pending", "signals that wait for the thread: were 0, are 400000; they stay"),
            ("memory", "was mapped past this library, and does not go back"),
    ):
        if what == "privileges" and has_no_new_privileges():
            print("left out: no_new_privs, which is set here already")
            continue
        if what == "capabilities" and not may_lock_capabilities():
            print("left out: a setting of prctl(2) that is locked, which takes a right that is not there")
            continue
        p = Program()
        p.says("keep", "kept 0 \n")
        assert len(p.commit("before")) == 1
        assert len(p.checkout("before")) == 1
        p.says(f"change {what}", "changed 0 \n")
        told = p.checkout("before")
        assert len(told) == 2 and sentence in told[1], (what, told)
        p.end()


def check_what_is_not_known_refuses_commits_and_checkouts():
    p = Program()
    before = outcome(p.commit("before"))
    p.says("use all", "used 1")
    for answer in p.commit("no"), p.checkout("before"):
        assert answer[0].startswith("no: /proc/self/status cannot be read"), answer
    p.says("give back", "given back\n")
    p.steps(1)
    p.state(1)
    assert outcome(p.checkout("before")) == before
    p.state(0)
    p.end()


def check_input_and_output_that_runs_on_refuses_commits_and_checkouts():
    p = Program()
    before = outcome(p.commit("before"))
    p.session.give("aio")
    if "aio 0" in p.session.wait_for("\n"):
        for answer in p.commit("no"), p.checkout("before"):
            assert "asynchronous input and output" in answer[0], answer
        p.says("end aio", "end 0")
    assert outcome(p.checkout("before")) == before
    p.end()


def check_a_program_that_closes_everything_keeps_its_commits():
    p = Program()
    before = outcome(p.commit("before"))
    p.says("close all", "close 0")
    p.says("close each", "closed\n")
    p.steps(1)
    p.state(1)
    assert outcome(p.checkout("before")) == before
    p.state(0)
    p.end()


def check_answers_to_what_cannot_be():
    p = Program()
    assert p.checkout("nothing") == ["no: there is no commit nothing; log lists them"]
    assert p.session.ask("forget it")[0].startswith("no: ")
    assert p.session.ask("gibberish") == ["no: there is no command gibberish; help lists them"]
    assert p.session.ask("help")[0] == "ok"
    p.end()


def refusal_of(*words):
    done = subprocess.run([CLEAVE, "run", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done
    return done.stderr


def check_a_program_that_cannot_be_put_under_commits_is_not_started():
    assert "there is no such program on the PATH" in refusal_of("--", "no-such-program")
    assert "neither a program nor a script" in refusal_of("--", "/etc/passwd" if os.access("/etc/passwd", os.X_OK)
                                                          else _script("nothing known"))
    assert "names no interpreter" in refusal_of("--", _script("#!\n"))
    assert "no program listens there" in refusal_of("--to", "/nonexistent", "log")


def _script(text):
    path = os.path.join(os.environ["CLEAVE_SCRATCH"], "script")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o755)
    return path


def check_a_program_without_commits_runs_as_ever():
    done = subprocess.run([CLEAVE, "run", "--", PROGRAM, __file__], input="known\nstep\nstate\n", text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0 and done.stderr == "", done
    assert done.stdout == "ready\nknown 1\nstate 2 1 2 2 2 2 -1 1\nends well\n", done.stdout
    plain = subprocess.run([PROGRAM, __file__], input="known\n", text=True, capture_output=True, check=False)
    assert plain.stdout == "ready\nknown 0\nends well\n", plain


def check_a_script_can_give_commands_between_its_lines():
    script = "step\nstep\n:commit two\nstep\nstate\n:checkout two\nstate\n:nonsense\n:log\n"
    done = subprocess.run([CLEAVE, "run", "--shell", "--", PROGRAM, __file__], input=script, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0 and done.stderr == "", done
    lines = done.stdout.splitlines()
    assert lines[1].startswith("ok 0 two: ") and lines[3].startswith("ok 0 two: "), lines
    assert lines[2] == "state 4 3 4 4 4 4 -1 3" and lines[4] == "state 3 2 3 3 3 3 -1 2", lines
    assert lines[5] == "no: there is no command nonsense; help lists them", lines
    assert lines[6] == "ok" and lines[7].endswith("the program stands here"), lines
    assert lines[8] == "ends well", lines


def check_a_key_begins_a_command_at_a_terminal():
    keyboard, terminal = pty.openpty()
    with subprocess.Popen([CLEAVE, "run", "--shell", "--", PROGRAM, __file__], stdin=terminal, stdout=terminal,
                          stderr=terminal, start_new_session=True) as process:
        os.close(terminal)

        def wait_for(text, printed=b""):
            while text not in printed:
                printed += os.read(keyboard, 4096)

        wait_for(b"ready")
        os.write(keyboard, b"step\r")
        os.write(keyboard, b"state\r")
        wait_for(b"state 2 1 2 2 2 2 -1 1")
        os.write(keyboard, b"\x1dcommit onf\x7fe\r")
        wait_for(b"ok 0 one: ")
        os.write(keyboard, b"step\rstate\r")
        wait_for(b"state 3 2 3 3 3 3 -1 2")
        os.write(keyboard, b"\x1dcheckout one\r")
        wait_for(b"ok 0 one: ")
        os.write(keyboard, b"state\r")
        wait_for(b"state 2 1 2 2 2 2 -1 1")
        os.write(keyboard, b"\x04")
        wait_for(b"ends well")
        assert process.wait() == 0
    os.close(keyboard)


def check_the_library_drags_nothing_into_the_program():
    library = os.path.join(os.path.dirname(CLEAVE), "libcleave-run.so")
    needed = [line.split("[")[1].rstrip("]") for line in subprocess.run(
        ["readelf", "-d", library], capture_output=True, text=True, check=True).stdout.splitlines()
              if "(NEEDED)" in line]
    assert set(needed) <= {"libc.so.6", "ld-linux-x86-64.so.2"}, needed


def main():
    import tempfile
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CLEAVE_SCRATCH"] = folder
        checks = [(name, check) for name, check in globals().items() if name.startswith("check_")]
        for name, check in checks:
            print(name.replace("_", " "), flush=True)
            check()
    print(f"{len(checks)} checks")


main()
