// The program's descriptors: which there are, where those of files stand, and what the kernel knows
// of the others.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

namespace cleave::program {

/// Lines about what did not go back.
using Told = std::vector<std::string>;

/// A file that was open at a commit, kept open by a descriptor of this library.
class KeptFile {
 public:
  /// Null: no descriptor is left.
  static std::shared_ptr<const KeptFile> of(int number);
  KeptFile() = default;
  ~KeptFile();
  KeptFile(const KeptFile&) = delete;
  KeptFile& operator=(const KeptFile&) = delete;
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_ = -1;
};

struct Descriptor {
  int number;
  std::string what;   ///< a path, or "socket:[1]" and the like
  int flags;          ///< FD_CLOEXEC or none
  int status;         ///< O_APPEND, O_NONBLOCK and so on
  std::string known;  ///< what else the kernel says of it: counts, locks, watches
  int waiting;        ///< bytes in a pipe both of whose ends are the program's
  std::shared_ptr<const KeptFile> kept;  ///< of what has an offset; else null
  std::int64_t offset;
  std::int64_t size;
  timespec changed;
};

/// All of them at one moment.
class Descriptors {
 public:
  /// `before`: an earlier moment, with which it shares what has not changed; or null. The error
  /// says why they cannot be kept.
  static tl::expected<Descriptors, std::string> now(const Descriptors* before);
  /// Makes them so again; what cannot be is told.
  void restore(Told& told) const;

 private:
  [[nodiscard]] const Descriptor* find(int number) const;
  void close_others(const std::vector<int>& open, Told& told) const;

  std::vector<Descriptor> all_;
};

}  // namespace cleave::program
