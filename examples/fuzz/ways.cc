#include "examples/fuzz/ways.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

#include "examples/fuzz/arena_target.h"
#include "examples/fuzz/database.h"

namespace cleave::example {
namespace {

class ByArena final : public Way {
 public:
  bool run(std::string_view statements) override { return target_.run(statements) == SQLITE_OK; }
  unsigned long long fingerprint() override {
    return cleave::example::fingerprint(target_.database());
  }

 private:
  ArenaTarget target_;
};

// Nothing goes back.
class Once {
 public:
  bool run(std::string_view statements) { return execute(database_, statements) == SQLITE_OK; }
  unsigned long long fingerprint() { return cleave::example::fingerprint(database_); }

 private:
  sqlite3* database_ = prepare_database();
};

bool in_a_child(Once& target, std::string_view statements) {
  const pid_t child = fork();
  if (child == 0) _exit(target.run(statements) ? 0 : 1);
  int status = -1;
  return waitpid(child, &status, 0) == child && status == 0;
}

class ByFork final : public Way {
 public:
  bool run(std::string_view statements) override { return in_a_child(target_, statements); }
  unsigned long long fingerprint() override { return target_.fingerprint(); }

 private:
  Once target_;
};

// The fuzzer's process is this one, the server another: a fork copies the page tables of the
// server alone. As in AFL++ the input comes by memory that both have; here it is a pipe's.
class ByForkServer final : public Way {
 public:
  ByForkServer() {
    if (pipe(told_.data()) != 0 || pipe(answers_.data()) != 0) std::abort();
    server_ = fork();
    if (server_ == 0) serve();
  }
  ~ByForkServer() override {
    for (const int end : told_) (void)close(end);
    (void)waitpid(server_, nullptr, 0);
  }
  bool run(std::string_view statements) override {
    const std::size_t size = statements.size();
    send(told_[1], &size, sizeof size);
    send(told_[1], statements.data(), size);
    char well = 0;
    return receive(answers_[0], &well, sizeof well) && well != 0;
  }
  unsigned long long fingerprint() override { return 0; }  // the server's is another process's

 private:
  static void send(int end, const void* bytes, std::size_t size) {
    if (write(end, bytes, size) != static_cast<ssize_t>(size)) std::abort();
  }
  static bool receive(int end, void* bytes, std::size_t size) {
    return read(end, bytes, size) == static_cast<ssize_t>(size);
  }
  [[noreturn]] void serve() const {
    (void)close(told_[1]);
    Once target;
    std::array<char, 1024> statements{};
    for (std::size_t size = 0; receive(told_[0], &size, sizeof size);) {
      if (size > statements.size() || !receive(told_[0], statements.data(), size)) break;
      const char well = in_a_child(target, {statements.data(), size}) ? 1 : 0;
      send(answers_[1], &well, sizeof well);
    }
    _exit(0);
  }

  std::array<int, 2> told_{}, answers_{};
  pid_t server_ = -1;
};

class ByCopy final : public Way {
 public:
  ByCopy() {
    sqlite3* const prepared = prepare_database();
    image_ = sqlite3_serialize(prepared, "main", &size_, 0);
  }
  bool run(std::string_view statements) override {
    if (fresh_ != nullptr) (void)sqlite3_close(fresh_);
    open();
    return execute(fresh_, statements) == SQLITE_OK;
  }
  unsigned long long fingerprint() override {
    open();
    return cleave::example::fingerprint(fresh_);
  }

 private:
  void open() {
    (void)sqlite3_open(":memory:", &fresh_);
    auto* const copy =
        static_cast<unsigned char*>(sqlite3_malloc64(static_cast<sqlite3_uint64>(size_)));
    std::memcpy(copy, image_, static_cast<std::size_t>(size_));
    (void)sqlite3_deserialize(fresh_, "main", copy, size_, size_,
                              SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE);
  }

  unsigned char* image_ = nullptr;
  sqlite3_int64 size_ = 0;
  sqlite3* fresh_ = nullptr;
};

}  // namespace

std::unique_ptr<Way> by_arena() { return std::make_unique<ByArena>(); }
std::unique_ptr<Way> by_fork() { return std::make_unique<ByFork>(); }
std::unique_ptr<Way> by_fork_server() { return std::make_unique<ByForkServer>(); }
std::unique_ptr<Way> by_copy() { return std::make_unique<ByCopy>(); }

}  // namespace cleave::example
