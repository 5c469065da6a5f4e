"""How a program is put under `cleave run`, and told."""
import os
import pty
import subprocess

from stand_in_program import CLEAVE, FILE, PROGRAM, Program


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
    done = subprocess.run([CLEAVE, "run", "--", PROGRAM, FILE], input="known\nstep\nstate\n", text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0 and done.stderr == "", done
    assert done.stdout == "ready\nknown 1\nstate 2 1 2 2 2 2 -1 1\nends well\n", done.stdout
    plain = subprocess.run([PROGRAM, FILE], input="known\n", text=True, capture_output=True, check=False)
    assert plain.stdout == "ready\nknown 0\nends well\n", plain


def check_a_script_can_give_commands_between_its_lines():
    script = "step\nstep\n:commit two\nstep\nstate\n:checkout two\nstate\n:nonsense\n:log\n"
    done = subprocess.run([CLEAVE, "run", "--shell", "--", PROGRAM, FILE], input=script, text=True,
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
    with subprocess.Popen([CLEAVE, "run", "--shell", "--", PROGRAM, FILE], stdin=terminal, stdout=terminal,
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
