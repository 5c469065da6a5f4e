// What lies in a folder of /proc.
#pragma once

#include <dirent.h>

#include <cerrno>

namespace cleave::program {

/// Names, one after the other.
class Entries {
 public:
  explicit Entries(const char* folder) : folder_(opendir(folder)) {}
  ~Entries() {
    if (folder_ != nullptr) (void)closedir(folder_);
  }
  Entries(const Entries&) = delete;
  Entries& operator=(const Entries&) = delete;

  /// Null: there is no other, or the folder cannot be read on.
  [[nodiscard]] const char* next() const {
    while (folder_ != nullptr) {
      errno = 0;
      const dirent* entry = readdir(folder_);
      error_ = errno;
      if (entry == nullptr) break;
      if (entry->d_name[0] != '.') return static_cast<const char*>(entry->d_name);
    }
    return nullptr;
  }
  /// After the last name: whether there was no other.
  [[nodiscard]] bool is_complete() const { return folder_ != nullptr && error_ == 0; }
  [[nodiscard]] int descriptor() const { return dirfd(folder_); }

 private:
  DIR* folder_;
  mutable int error_ = 0;
};

}  // namespace cleave::program
