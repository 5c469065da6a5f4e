// Files opened for input and output past the page cache, where they can be.
#pragma once

#include <cstdint>
#include <utility>

#include <cleave/detail/config.h>
#include <cleave/error.h>

namespace cleave {

/// What a file is opened for.
enum class OpenMode : std::uint8_t {
  read,     ///< an existing file
  write,    ///< an existing file, or a new one; what is there stays until it is written over
  update,   ///< the same, for reading and writing
  replace,  ///< for writing; what is there goes
};

/// Whether transfers go through the page cache, or between the device and memory alone (O_DIRECT),
/// where the file system allows.
enum class PageCache : std::uint8_t { use, bypass };

/// An open file; closes it at the end. Movable.
class CLEAVE_API File {
 public:
  /// Takes over `descriptor`.
  explicit File(int descriptor) noexcept : descriptor_(descriptor) {}
  /// Takes over what `other` is.
  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  /// Closes what was open here.
  File& operator=(File&& other) noexcept;
  ~File();

  /// Owned by the file; -1 after it was moved from.
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  /// Whether it is open with O_DIRECT: what open_file() got, where it was asked to try.
  [[nodiscard]] bool is_direct() const noexcept;

 private:
  int descriptor_;
};

/// Opens `path`, a new file with mode 0666 less the umask. A file system that refuses O_DIRECT gets
/// the file opened without; File::is_direct() tells. Error: io (`system` is the errno of open), and
/// a file that was not there may have been created.
CLEAVE_API Result<File> open_file(const char* path, OpenMode mode,
                                  PageCache cache = PageCache::use);

}  // namespace cleave
