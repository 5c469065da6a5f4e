#!/usr/bin/env python3
"""Debian's interpreters under `cleave run`: they commit, are damaged, go back, jump between commits and go on. After each
step the whole state is compared, by its hash, with what it was at that commit, and so is what the interpreter says.
  sessions.py <cleave> lua|sqlite|python <rounds> [<seed>]"""
import random
import shutil
import sys

from session import Session, outcome


class Lua:
    """Numbers in a table, a coroutine that has come as far, and text that was formatted."""
    program = ["/usr/bin/lua5.4", "-i"]
    start = ("t = {} n = 0 "
             "co = coroutine.wrap(function() local k = 0 while true do k = k + 1 coroutine.yield(k) end end)")
    step = 'n = n + 1 t[n] = string.rep(n, 50) for i = 1, 2000 do t["x" .. i] = {n} end at = co()'
    ask = 'print("=" .. n .. "," .. #t .. "," .. (at or 0) .. "," .. (t.x7 and t.x7[1] or 0) .. ";")'
    damage = 't = nil n = "no number" co = nil collectgarbage() print("dam" .. "aged;")'

    @staticmethod
    def expected(steps):
        return f"={steps},{steps},{steps},{steps};"


class Sqlite:
    """Rows, and a transaction that is open at each commit."""
    program = ["/usr/bin/sqlite3", "-batch", "-interactive"]
    start = "CREATE TABLE t(x); CREATE INDEX i ON t(x); BEGIN;"
    step = ("INSERT INTO t WITH RECURSIVE c(n) AS (VALUES(1) UNION ALL SELECT n + 1 FROM c LIMIT 100) "
            "SELECT n FROM c;")
    ask = "SELECT '=' || count(*) || ',' || coalesce(sum(x), 0) || ';' FROM t;"
    damage = "ROLLBACK; DROP TABLE t; SELECT 'dam' || 'aged;';"

    @staticmethod
    def expected(steps):
        return f"={100 * steps},{5050 * steps};"


class Python:
    """A dictionary, a generator that has come as far, and a library that is loaded after the first commit."""
    program = ["/usr/bin/python3", "-q", "-i"]
    start = "import itertools; d = {}; g = itertools.count(1); at = 0"
    step = ("import _json, decimal; at = next(g); d.update({i: [at] * 9 for i in range(3000)}); "
            "x = decimal.Decimal(at) / 4")
    ask = 'print(f"={at},{len(d)},{float(x) * 4 if at else 0:.0f};")'
    damage = "d.clear(); del g; import gc; gc.collect(); print('dam' + 'aged;')"

    @staticmethod
    def expected(steps):
        return f"={steps},{3000 if steps else 0},{steps};"


def run(cleave, kind, rounds, seed):
    choose = random.Random(seed)
    session = Session(cleave, kind.program)
    assert session.ask("hash on") == ["ok"]
    session.give(kind.start)
    here = 0  # steps that are behind the state
    commits = []  # (name, steps, hash)

    def check():
        session.give(kind.ask)
        session.wait_for(kind.expected(here))

    def commit(name):
        check()
        commits.append((name, here, outcome(session.ask(f"commit {name}"))))

    commit("first")
    for number in range(rounds):
        for _ in range(choose.randrange(3)):
            session.give(kind.step)
            here += 1
        if choose.random() < 0.3:
            commit(f"c{number}")
        session.give(kind.damage)
        session.wait_for("damaged;")
        name, here, then = choose.choice(commits)
        now = outcome(session.ask(f"checkout {name}"))
        if now != then:
            raise AssertionError(f"round {number}: {name} had the hash {then}, and has {now}")
        check()
        if len(commits) > 20:
            gone = commits.pop(choose.randrange(1, len(commits)))
            assert session.ask(f"forget {gone[0]}") == ["ok"]
    status, _ = session.end()
    if status != 0:
        raise AssertionError(f"ended with {status}")


def main():
    cleave, name, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    kind = {"lua": Lua, "sqlite": Sqlite, "python": Python}[name]
    if shutil.which(kind.program[0]) is None:
        print(f"left out: {kind.program[0]} is not installed")
        sys.exit(77)
    run(cleave, kind, rounds, seed)
    print(f"{rounds} rounds with seed {seed}: each state was what it had been")


main()
