// `cleave sqlite` as people and scripts use it: through a terminal and through pipes.
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "adapters/sqlite/connection.h"
#include "tests/support/temporary_folder.h"

namespace cleave::sqlite {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string all_of(int file) {
  std::string text;
  std::array<char, 4096> part{};
  for (ssize_t got; (got = read(file, part.data(), part.size())) > 0;) {
    text.append(part.data(), static_cast<std::size_t>(got));
  }
  return text;
}

[[noreturn]] void become_shell(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {CLEAVE_COMMAND, "sqlite"});
  std::vector<char*> words;
  for (std::string& argument : arguments) words.push_back(argument.data());
  words.push_back(nullptr);
  execv(CLEAVE_COMMAND, words.data());
  _exit(127);
}

struct Ran {
  int status;
  std::string out;
  std::string err;
};

// A script that fits into a pipe.
Ran run(const std::string& script, const std::vector<std::string>& arguments = {}) {
  std::array<int, 2> in{}, out{}, err{};
  if (pipe(in.data()) != 0 || pipe(out.data()) != 0 || pipe(err.data()) != 0) return {-1, {}, {}};
  const pid_t child = fork();
  if (child == 0) {
    (void)dup2(in[0], 0);
    (void)dup2(out[1], 1);
    (void)dup2(err[1], 2);
    for (const auto& ends : {in, out, err}) {
      close(ends[0]);
      close(ends[1]);
    }
    become_shell(arguments);
  }
  close(in[0]);
  close(out[1]);
  close(err[1]);
  EXPECT_EQ(write(in[1], script.data(), script.size()), static_cast<ssize_t>(script.size()));
  close(in[1]);
  Ran ran{0, all_of(out[0]), all_of(err[0])};
  close(out[0]);
  close(err[0]);
  (void)waitpid(child, &ran.status, 0);
  ran.status = WIFEXITED(ran.status) ? WEXITSTATUS(ran.status) : -1;
  return ran;
}

TEST(Shell, ShowsResultsAsAlignedColumns) {
  const Ran ran = run(
      "CREATE TABLE t(name, n);\nINSERT INTO t VALUES ('a', 1), ('long one', 100), (NULL, x'ff');\n"
      "SELECT name,\n  n\nFROM t;\n");
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out,
            "name      n\n"
            "--------  -----\n"
            "a             1\n"
            "long one    100\n"
            "NULL      x'ff'\n");
}

TEST(Shell, CommitsChecksOutAndDrawsTheTree) {
  const Ran ran =
      run("CREATE TABLE t(x); INSERT INTO t VALUES (1);\n.commit one\nUPDATE t SET x = 2;\n.commit "
          "two\n"
          ".checkout one\nUPDATE t SET x = 3;\n.commit three\n.checkout two\nSELECT x AS at_two "
          "FROM t;\n"
          ".checkout three\nSELECT x AS at_three FROM t;\n.branches\n");
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("at_two\n------\n     2\n"));
  EXPECT_THAT(ran.out, HasSubstr("at_three\n--------\n       3\n"));
  EXPECT_THAT(ran.out,
              testing::ContainsRegex("start .*\n  one .*\n    two .*\n    three .*<- here"));
}

TEST(Shell, RefusesToLeaveChangesThatNoCommitHolds) {
  const Ran ran = run(
      "CREATE TABLE t(x);\n.commit one\n.checkout start\n.checkout one\nINSERT INTO t VALUES (1);\n"
      ".checkout start\nSELECT count(*) FROM t;\n.revert\nBEGIN;\n.checkout start\n");
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, HasSubstr("line 6: there are changes that no commit holds"));
  EXPECT_THAT(ran.err, HasSubstr("line 10: there are changes"));
  EXPECT_THAT(ran.out, HasSubstr("count(*)\n--------\n       1\n"));
}

TEST(Shell, DiffsByRowsAndComesBackToWhereItWas) {
  const Ran ran =
      run("CREATE TABLE t(id INTEGER PRIMARY KEY, x); INSERT INTO t VALUES (1, 'a'), (2, "
          "'b');\n.commit one\n"
          "UPDATE t SET x = 'c' WHERE id = 2; INSERT INTO t VALUES (3, 'd'); CREATE TABLE "
          "u(y);\n.commit two\n"
          "BEGIN; DELETE FROM t;\n.diff one two\n.diff two\n.diff\n.diff one one\n"
          "SELECT count(*) AS uncommitted FROM t;\nROLLBACK;\nSELECT count(*) AS rolled_back FROM "
          "t;\n");
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(
      ran.out,
      HasSubstr(
          "t: 1 added, 0 removed, 1 changed\nu: 0 added, 0 removed, 0 changed; the table is new\n"
          "t: 0 added, 3 removed, 0 changed\nt: 0 added, 3 removed, 0 changed\nno row differs\n"));
  EXPECT_THAT(ran.out, HasSubstr("uncommitted\n-----------\n          0\n"));
  EXPECT_THAT(ran.out, HasSubstr("rolled_back\n-----------\n          3\n"));
}

TEST(Shell, DiscardsAfterADiffWhatItWouldHaveBefore) {
  const Ran ran =
      run("CREATE TABLE t(x);\n.commit one\nINSERT INTO t VALUES (1);\n.diff\n.revert\n"
          "SELECT count(*) FROM t;\n");
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("t: 1 added"));
  EXPECT_THAT(ran.out, HasSubstr("       0\n"));
}

TEST(Shell, SavesToAFileThatSqliteReadsAndLoadsItAgain) {
  const detail::TemporaryFolder folder;
  const std::string path = folder.file("saved.db");
  const Ran saved = run("CREATE TABLE t(x); INSERT INTO t VALUES (41);\n.save " + path +
                        "\n.save " + path + "\n");
  EXPECT_EQ(saved.status, 1);
  EXPECT_THAT(saved.err, HasSubstr("is there already"));
  {
    Connection file(path, SQLITE_OPEN_READWRITE);
    EXPECT_EQ(file.integer("SELECT x FROM t"), 41);
  }
  const Ran loaded = run("UPDATE t SET x = x + 1;\nSELECT x FROM t;\n", {path});
  EXPECT_EQ(loaded.status, 0) << loaded.err;
  EXPECT_EQ(loaded.out, " x\n--\n42\n");
  {
    Connection file(path, SQLITE_OPEN_READONLY);
    EXPECT_EQ(file.integer("SELECT x FROM t"), 41) << "the file was written";
  }
}

TEST(Shell, NamesTheLineOfAnErrorAndGoesOn) {
  const Ran ran = run("SELECT 1 AS a;\nSELEKT;\n.nothing\n.commit\nSELECT 2 AS b;\nSELECT 'open");
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, HasSubstr("line 2: near \"SELEKT\": syntax error"));
  EXPECT_THAT(ran.err, HasSubstr("line 3: there is no command .nothing; .help lists them"));
  EXPECT_THAT(ran.err, HasSubstr("line 4: usage: .commit NAME"));
  EXPECT_THAT(ran.err, HasSubstr("line 6: the last statement has no end"));
  EXPECT_THAT(ran.out, HasSubstr("b\n-\n2\n"));
}

TEST(Shell, SaysWhatToDoInstead) {
  const Ran ran =
      run(".commit one\n.commit one\n.save /nothing/here.db\nATTACH '/tmp/other.db' AS other;\n"
          "VACUUM INTO '/tmp/other.db';\n");
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, HasSubstr("line 2: there is a commit one already; take another name"));
  EXPECT_THAT(ran.err, HasSubstr("line 3: /nothing/here.db: No such file or directory; name a"));
  EXPECT_THAT(ran.err, HasSubstr("line 4: not authorized: it would reach"));
  EXPECT_THAT(ran.err, HasSubstr("line 5: authorization denied: it would reach"));
}

TEST(Shell, StopsAtTheFirstErrorWithBail) {
  const Ran ran = run("SELEKT;\nSELECT 2 AS b;\n", {"--bail"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.out, "");
}

TEST(Shell, TellsWhyItCannotStart) {
  const Ran missing = run("", {"/nothing/here.db"});
  EXPECT_EQ(missing.status, 2);
  EXPECT_THAT(missing.err, HasSubstr("/nothing/here.db"));
  const Ran other = run("", {CLEAVE_COMMAND});
  EXPECT_EQ(other.status, 2);
  EXPECT_THAT(other.err, HasSubstr(CLEAVE_COMMAND ": file is not a database"));
  const Ran software = run("", {"--tracking", "software"});
  EXPECT_EQ(software.status, 2);
  EXPECT_THAT(software.err, HasSubstr("SQLite does not"));
}

/// The shell in a pseudo-terminal, with a home of its own.
class Terminal : public testing::Test {
 protected:
  Terminal() { start(); }
  ~Terminal() override { end(); }

  void start() {
    winsize size{.ws_row = 40, .ws_col = 200, .ws_xpixel = 0, .ws_ypixel = 0};
    child_ = forkpty(&terminal_, nullptr, nullptr, &size);
    if (child_ == 0) {
      (void)setenv("HOME", home_.file("").c_str(), 1);
      (void)setenv("TERM", "dumb", 1);
      become_shell({});
    }
  }
  void end() {
    if (child_ <= 0) return;
    (void)kill(child_, SIGKILL);
    (void)waitpid(child_, nullptr, 0);
    close(terminal_);
    child_ = 0;
  }
  void type(const std::string& keys) {
    ASSERT_EQ(write(terminal_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  // Reads until `text` has appeared. What comes behind it is left for the next call.
  void until(const std::string& text) {
    std::array<char, 4096> part{};
    std::size_t at = 0;
    while ((at = seen_.find(text)) == std::string::npos) {
      pollfd ready{.fd = terminal_, .events = POLLIN, .revents = 0};
      const ssize_t got =
          poll(&ready, 1, 60'000) > 0 ? read(terminal_, part.data(), part.size()) : 0;
      if (got <= 0) FAIL() << "'" << text << "' never came, but: " << seen_;
      seen_.append(part.data(), static_cast<std::size_t>(got));
    }
    seen_.erase(0, at + text.size());
  }
  int exit_status() {
    int status = 0;
    while (!all_of(terminal_).empty()) {
    }
    (void)waitpid(child_, &status, 0);
    close(terminal_);
    child_ = 0;
    seen_.clear();
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  // Ends the input. The editor shows its prompt before it takes the terminal over, and of a Ctrl-D
  // that comes in between the terminal leaves a character in the line, which no Ctrl-D ends then:
  // so the line is killed first (Ctrl-U), again and again, until the shell has ended.
  int exit_status_at_the_end_of_input() {
    int status = 0;
    for (int tries = 0; tries < 60; ++tries) {
      type("\x15\x04");
      std::this_thread::sleep_for(std::chrono::milliseconds(20 * (tries + 1)));
      if (waitpid(child_, &status, WNOHANG) != child_) continue;
      close(terminal_);
      child_ = 0;
      return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    return -1;
  }

 private:
  detail::TemporaryFolder home_;
  std::string seen_;
  int terminal_ = -1;
  pid_t child_ = 0;
};

TEST_F(Terminal, ShowsWhereOneStandsAndThatAStatementGoesOn) {
  until("start> ");
  type("CREATE TABLE t(x);\r");
  until("start> ");
  type(".commit one\r");
  until("one> ");
  type("SELECT 40 +\r");
  until("...> ");
  type("2 AS sum;\r");
  until(" 42");
  type(".quit\r");
  EXPECT_EQ(exit_status(), 0);
}

TEST_F(Terminal, EditsLinesAndRemembersThemInTheNextSession) {
  until("start> ");
  type("SELECT 7 * 6 AS ansXX\x7f\x7fwer;\r");  // two backspaces
  until("answer");
  until(" 42");
  type(".quit\r");
  EXPECT_EQ(exit_status(), 0);
  start();
  until("start> ");
  type("\x10\x10\r");  // two lines up
  until(" 42");
}

TEST_F(Terminal, GoesOnAfterAnErrorAndEndsWithTheInput) {
  until("start> ");
  type("SELEKT;\r");
  until("syntax error");
  until("start> ");
  EXPECT_EQ(exit_status_at_the_end_of_input(), 0);
}

TEST_F(Terminal, StopsARunningStatementAtCtrlC) {
  until("start> ");
  // A thousand rows come at once, and then nothing any more.
  type(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, CASE WHEN i > "
      "1000 "
      "THEN (WITH RECURSIVE m(j) AS (SELECT 1 UNION ALL SELECT j FROM m) SELECT max(j) FROM m) END "
      "AS never FROM n;\r");
  until("\n1000");
  type("\x03");
  until("interrupted");
  until("start> ");
  type("SELECT 5 AS five;\r");
  until("five");
}

}  // namespace
}  // namespace cleave::sqlite
