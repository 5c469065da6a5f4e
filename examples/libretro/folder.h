// A folder for what a core keeps on a disk.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace cleave::example {

class Folder {
 public:
  Folder() {
    std::string name = std::filesystem::temp_directory_path() / "libretro.XXXXXX";
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~Folder() { remove(); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  void remove() const {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }

 private:
  std::filesystem::path path_;
};

}  // namespace cleave::example
