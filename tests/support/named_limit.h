// Calls that meet a limit of the process.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <string>
#include <string_view>

#include <cleave/error.h>
#include <cleave/units.h>

#include "tests/support/poor_process.h"

namespace cleave::detail {

/// What is wrong with the result of a call that met a limit.
template <class T>
std::string names(std::string_view limit, Errc code, const Result<T>& result) {
  if (result) return "it succeeded below " + std::string(limit);
  const Error& error = result.error();
  if (error.code == code && error.system != 0 &&
      std::string_view(error.what).find(limit) != std::string_view::npos) {
    return "";
  }
  return error.message();
}

template <class T>
std::string succeeds(const Result<T>& result) {
  return result ? "" : result.error().message();
}

inline rlim_t first_free_descriptor() {
  const int free = dup(STDERR_FILENO);
  close(free);
  return static_cast<rlim_t>(free);
}

/// With no descriptor left, then one, and so on until `make` succeeds: each failure names the
/// limit, and leaves no descriptor open.
template <class Make>
std::string until_there_are_enough(Make make) {
  const rlim_t free = first_free_descriptor();
  for (rlim_t most = free; most < free + 20; ++most) {
    const rlim_t before = limit(RLIMIT_NOFILE, most);
    const auto made = make();
    limit(RLIMIT_NOFILE, before);
    if (made) return most == free ? "it needs none" : "";
    if (made.error().code != Errc::no_memory && made.error().code != Errc::io) {
      return made.error().message();
    }
    if (auto wrong = names("RLIMIT_NOFILE", made.error().code, made); !wrong.empty()) return wrong;
  }
  return "it needs more and more";
}

/// All mappings that the process may have; given back with this.
class NoMappingLeft {
 public:
  NoMappingLeft()
      : room_(static_cast<std::byte*>(mmap(nullptr, kMost * kPageSize, PROT_NONE,
                                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {
    while (page_ < kMost && mprotect(room_ + page_ * kPageSize, kPageSize, PROT_READ) == 0) {
      page_ += 2;
    }
  }
  ~NoMappingLeft() { (void)munmap(room_, kMost * kPageSize); }
  NoMappingLeft(const NoMappingLeft&) = delete;
  NoMappingLeft& operator=(const NoMappingLeft&) = delete;

  /// False: this machine allows more than a test can use up.
  [[nodiscard]] bool is_so() const { return page_ < kMost; }

 private:
  static constexpr std::size_t kMost = 200'000;
  std::byte* room_;
  std::size_t page_ = 0;
};

}  // namespace cleave::detail
