"""Files and their descriptors under `cleave run`."""
import fcntl
import os

from stand_in_program import FILE, Program


def proc_lists_locks():
    """Elsewhere than on Linux itself it may not."""
    with open(FILE, "rb") as file:
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


def check_a_program_that_closes_everything_keeps_its_commits():
    p = Program()
    before = p.committed("before")
    p.says("close all", "close 0")
    p.says("close each", "closed\n")
    p.steps(1)
    p.state(1)
    p.goes_back("before", before)
    p.state(0)
    p.end()
