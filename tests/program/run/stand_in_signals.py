"""Signals under `cleave run`."""
import os
import signal

from stand_in_program import Program


def check_a_program_that_handles_blocks_and_waits_for_all_signals_still_goes_back():
    p = Program()
    before = p.committed("before")
    p.says("handle all", "handled\n")
    p.steps(1)
    p.state(1)
    p.goes_back("before", before)
    p.state(0)
    p.says("block all", "block 0")
    p.steps(2)
    p.state(2)
    blocked = p.committed("blocked")
    p.wait_in("wait for any", 128)
    for _ in range(3):  # no signal of ours is what it waits for
        assert p.session.ask("log")[0] == "ok"
    os.kill(p.session.process.pid, signal.SIGUSR2)
    p.session.wait_for(f"came 0 {int(signal.SIGUSR2)}\n")
    p.steps(1)
    p.state(3)
    p.goes_back("blocked", blocked)
    p.state(2)
    p.end()


def check_a_mask_that_a_handler_or_a_waiting_call_has_leaves_commands_their_signal():
    for line in "jump", "jump by number":
        p = Program()
        before = p.committed("before")
        p.says(line, "left the handler\n")
        p.steps(1)
        p.state(1)
        p.goes_back("before", before)
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


def blocked_by(process):
    with open(f"/proc/{process.pid}/status", encoding="utf-8") as status:
        return next(int(line.split()[1], 16) for line in status if line.startswith("SigBlk:"))


def check_a_pause_blocks_no_signal_that_commits_need():
    p = Program()
    before = p.committed("before")
    for how in "mask", "signal":
        p.wait_in(f"pause by {how}", 130)
        assert not blocked_by(p.session.process) >> (signal.SIGSYS - 1) & 1, how
        os.kill(p.session.process.pid, signal.SIGUSR2)
        p.session.wait_for("paused -1 EINTR\n")
        p.goes_back("before", before)
    p.end()
