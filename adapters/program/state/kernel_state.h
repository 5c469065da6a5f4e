// What the kernel keeps for the program and can be given back: signals' handlers, descriptors and
// their offsets, the folder, the terminal, interval timers.
#pragma once

#include <sys/stat.h>
#include <sys/time.h>
#include <termios.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cleave::program {

/// Lines about what did not go back.
using Told = std::vector<std::string>;

/// A file that was open at a commit, kept open by a descriptor of this library.
class KeptFile {
 public:
  explicit KeptFile(int descriptor) : descriptor_(descriptor) {}
  ~KeptFile();
  KeptFile(const KeptFile&) = delete;
  KeptFile& operator=(const KeptFile&) = delete;
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

struct Descriptor {
  int number;
  std::string what;                      ///< a path, or "socket:[1]" and the like
  int flags;                             ///< FD_CLOEXEC or none
  std::shared_ptr<const KeptFile> kept;  ///< of files that have an offset; else null
  std::int64_t offset;
  std::int64_t size;
  timespec changed;
};

class KernelState {
 public:
  /// As it is now. `before`: an earlier one, with which it shares what has not changed.
  static KernelState now(const KernelState* before);
  /// Makes it so again; what cannot be is told.
  void restore(Told& told) const;

 private:
  struct Action {
    std::uintptr_t handler;
    std::uint64_t flags;
    std::uintptr_t restorer;
    std::uint64_t mask;
    friend bool operator==(const Action&, const Action&) = default;
  };
  static constexpr int kSignals = 64;
  static constexpr int kTimers = 3;

  void restore_descriptors(Told& told) const;

  std::array<Action, kSignals> actions_{};
  std::array<itimerval, kTimers> timers_{};
  std::vector<Descriptor> descriptors_;
  std::string folder_;
  mode_t mask_ = 0;
  std::optional<termios> terminal_;
};

}  // namespace cleave::program
