// Files that were open at a commit, kept open.
#pragma once

#include <memory>

namespace cleave::program {

/// A file that was open at a commit, kept open by a descriptor of this library.
///
/// To close any descriptor of a file lets go of all locks of fcntl(2) that the process has on it.
/// So where it has some the descriptor outlives this object, until a look finds none.
class KeptFile {
 public:
  /// Null: no descriptor is left.
  static std::shared_ptr<const KeptFile> of(int number);
  KeptFile() = default;
  ~KeptFile();
  KeptFile(const KeptFile&) = delete;
  KeptFile& operator=(const KeptFile&) = delete;
  [[nodiscard]] int descriptor() const { return descriptor_; }

  /// Closes descriptors of files that are kept no more and on which no locks are left.
  static void close_unlocked() noexcept;

 private:
  int descriptor_ = -1;
};

}  // namespace cleave::program
