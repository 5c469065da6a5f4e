// Five ways to have each input find the state that was prepared.
#pragma once

#include <array>
#include <memory>
#include <string_view>

namespace cleave::example {

class Way {
 public:
  Way() = default;
  virtual ~Way() = default;
  Way(const Way&) = delete;
  Way& operator=(const Way&) = delete;

  /// Executes an input from the prepared state. Whether that ended well.
  virtual bool run(std::string_view statements) = 0;
  /// What the next input would find.
  virtual unsigned long long fingerprint() = 0;
};

/// One a process: each prepares what it needs.
std::unique_ptr<Way> by_arena();
/// A child of fork(2) for each input.
std::unique_ptr<Way> by_fork();
/// The same as AFL++ does it: a server that is told by a pipe, forks, and answers with the child's
/// status.
std::unique_ptr<Way> by_fork_server();
/// By AFL++'s own server; null where that is not installed.
std::unique_ptr<Way> by_afl();
/// A copy of the database for each input, by sqlite3_deserialize().
std::unique_ptr<Way> by_copy();

struct WayKind {
  std::string_view name;
  std::unique_ptr<Way> (*make)();
};
inline constexpr std::array kWays{
    WayKind{"arena", by_arena},
    WayKind{"fork", by_fork},
    WayKind{"fork server", by_fork_server},
    WayKind{"AFL++", by_afl},
    WayKind{"fresh copy", by_copy},
};

}  // namespace cleave::example
