// Files opened for input and output past the page cache, where they can be.
#pragma once

#include <cstdint>
#include <utility>

#include "cleave/base/error.h"

namespace cleave {

enum class OpenMode : std::uint8_t {
  reading,    ///< an existing file
  writing,    ///< an existing file, or a new one; what is there stays until it is written over
  updating,   ///< the same, for reading and writing
  replacing,  ///< for writing; what is there goes
};

/// Whether O_DIRECT is asked for: transfers between the device and memory without the page cache.
enum class Cache : std::uint8_t { used, bypassed_if_possible };

/// An open file; closes it at the end. Movable.
class File {
 public:
  /// Takes over `descriptor`.
  explicit File(int descriptor) noexcept : descriptor_(descriptor) {}
  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~File();

  /// Owned by the file; -1 after it was moved from.
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  /// Whether it is open with O_DIRECT: what open_for() got, where it was asked to try.
  [[nodiscard]] bool is_direct() const noexcept;

 private:
  int descriptor_;
};

/// Opens `path`, a new file with mode 0666 less the umask. A file system that refuses O_DIRECT gets the
/// file opened without; File::is_direct() tells. Error: io (`system` is the errno of open), and a file
/// that was not there may have been created.
Result<File> open_for(const char* path, OpenMode mode, Cache cache = Cache::used);

}  // namespace cleave
