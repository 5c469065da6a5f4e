// A file to read from and to write to, and what fio makes of it.
#pragma once

#include <optional>
#include <string>

#include <cleave/file.h>
#include <cleave/units.h>

namespace cleave::bench {

/// The first folder for temporary files that lies on a disk: the user's choice ($TMPDIR), /var/tmp,
/// /tmp, the current one. Nullopt: none does.
std::optional<std::string> folder_on_a_disk();

/// A file of which every byte has been written, where O_DIRECT leads to a disk. It goes at the end.
class DiskFile {
 public:
  static std::optional<DiskFile> make(ByteCount size);
  DiskFile(DiskFile&& other) noexcept;
  DiskFile& operator=(DiskFile&&) = delete;
  ~DiskFile();

  [[nodiscard]] int descriptor() const { return file_.descriptor(); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  DiskFile(File file, std::string path);
  void fill(ByteCount size) const;

  File file_;
  std::string path_;
};

/// What fio is to do, with O_DIRECT on io_uring.
struct Fio {
  const char* what;  ///< "read", "write", "randread"
  ByteCount block;
  unsigned depth;
  ByteCount bytes;  ///< in all; at random places of the whole file, if it is to be random
};

/// What fio says that it did a second, in bytes; nullopt: it is not installed, or cannot do it.
std::optional<double> by_fio(const DiskFile& file, const Fio& fio);

}  // namespace cleave::bench
