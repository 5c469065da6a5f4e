"""What the kernel keeps of a program under `cleave run`."""
import os
import subprocess

from stand_in_program import Program


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
