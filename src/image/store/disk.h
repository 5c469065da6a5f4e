// What a directory store asks of a file system. The tests have one that loses what was not synced.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <cleave/error.h>
#include <cleave/image/store.h>

#include "image/format/bytes.h"

namespace cleave::detail::image {

class Disk {
 public:
  Disk() = default;
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  virtual ~Disk() = default;

  /// That there is one already is no error.
  virtual Result<void> make_folder(const std::string& path) = 0;
  /// A file with these bytes, which are durable before it has its name; the name is durable after
  /// sync_folder() of its folder. False: there is one of that name.
  virtual Result<bool> publish(const std::string& folder, const std::string& name, View bytes) = 0;
  virtual Result<void> sync_folder(const std::string& path) = 0;
  /// That there is none is no error.
  virtual Result<void> remove(const std::string& path) = 0;
  /// Errors: not_mapped (no such file, or it ends before).
  virtual Result<Bytes> read(const std::string& path, std::uint64_t offset, std::uint64_t size) = 0;
  /// Regular files; none where there is no such folder.
  virtual Result<std::vector<ImageStore::Item>> list(const std::string& path) = 0;
};

std::unique_ptr<Disk> real_disk();

}  // namespace cleave::detail::image
