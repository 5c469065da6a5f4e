#!/usr/bin/env python3
"""The k-th allocation of `cleave run` itself fails, as a program starts, commits and goes back: it is not started and a
sentence says so; or what was asked for is refused, and all is as it was; or it is done.
  kth_allocation.py <libcleave-run.so> <library that has them fail> <program> [<tries>]
As many tries, spread over the allocations; 0: each of them."""
import os
import re
import subprocess
import sys

LIBRARY, FAILING, PROGRAM = (os.path.abspath(path) for path in sys.argv[1:4])
TRIES = int(sys.argv[4]) if len(sys.argv) > 4 else 20
SCRIPT = "commit one\nstep\nstep\ncheckout one\nstate\ncommit two\nstep\ncheckout one\nstate\n"


def run(script, k):
    """Status, standard output, standard error without the counts, how many allocations there were."""
    done = subprocess.run([PROGRAM, __file__], input=script, capture_output=True, text=True, check=False, timeout=600,
                          env={**os.environ, "LD_PRELOAD": f"{FAILING}:{LIBRARY}", "CLEAVE_RUN": "1",
                               "FAIL_ALLOCATION": str(k)})
    counted = re.search(r"allocations: (\d+)\n", done.stderr)
    said = done.stderr.replace(counted[0], "") if counted else done.stderr
    return done.returncode, done.stdout, said, int(counted[1]) if counted else 0


def states(text):
    """What each answer was, and how many steps were behind each state; the file's offset apart."""
    answers = re.findall(r"^(commit|checkout) (-?\d+)$", text, re.M)
    seen = [line.split()[1:] for line in text.splitlines() if line.startswith("state ")]
    for state in seen:
        steps = int(state[1])
        on = str(steps + 1)
        assert state[:7] == [on, str(steps), on, on, on, on, "-1"], text
    return answers, [(int(state[1]), int(state[7])) for state in seen]


def expected(answers):
    """Follows what a program sees: the steps at each state."""
    answers = iter(answers)
    steps, moments, seen = 0, {}, []
    lines = SCRIPT.splitlines()
    at = 0
    while at < len(lines):
        word, *name = lines[at].split()
        at += 1
        if word == "step":
            steps += 1
        elif word == "state":
            seen.append(steps)
        elif word == "commit":
            answer = next(answers)
            assert answer in (("commit", "0"), ("commit", "-1")), answer
            if answer[1] == "0":
                moments[name[0]] = steps
        else:
            answer = next(answers)
            if answer == ("commit", "1"):  # where it goes on is behind the commit; what is read goes on here
                steps = moments[name[0]]
            else:
                assert answer == ("checkout", "-1"), answer
    assert next(answers, None) is None
    return seen


def check(k):
    status, text, said, _ = run(SCRIPT, k)
    where = f"allocation {k}: status {status}, {text!r}, {said!r}"
    if status == 2:
        assert "cleave run: cannot start the program: " in said and text == "", where
        return "not started"
    assert status == 0 and text.endswith("ends well\n"), where
    answers, seen = states(text)
    wanted = expected(answers)
    assert [steps for steps, _ in seen] == wanted, where
    in_part = "told: " in said
    assert in_part or all(steps == offset for steps, offset in seen), where
    refused = any(answer == "-1" for _, answer in answers)
    assert not refused or "no: " in said or "out of memory" in said, where
    return "refused" if refused else "in part" if in_part else "done"


def main():
    status, _, said, started = run("", 0)
    if "unsupported" in said:
        print(f"left out: {said}")
        sys.exit(77)
    assert status == 0 and started > 0, said
    _, _, _, total = run(SCRIPT, 0)
    outcomes = {}
    for first, end in (1, started + 1), (started + 1, total + 1):
        stride = 1 if TRIES == 0 else max(1, (end - first) // TRIES)
        for k in range(first, end, stride):
            outcome = check(k)
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
    print(f"{started} allocations until it runs, {total} in all: {outcomes}")
    assert outcomes.get("not started") and outcomes.get("refused")


main()
