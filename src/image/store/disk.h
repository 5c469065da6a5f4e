// What a directory store asks of a file system. The tests have one that loses what was not synced.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <cleave/error.h>
#include <cleave/image/store.h>

#include "image/format/bytes.h"

namespace cleave::detail::image {

/// Files of a real disk that get their names together: so many at most. Each takes a descriptor;
/// what they hold is the kernel's.
inline constexpr std::size_t kMostLater = 8;

class Disk {
 public:
  Disk() = default;
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  virtual ~Disk() = default;

  /// That there is one already is no error.
  virtual Result<void> make_folder(const std::string& path) = 0;
  /// A file with these bytes, which are durable before it has its name; the name is durable after
  /// sync_named() and sync_folder() of its folder. False: there is one of that name.
  virtual Result<bool> publish(const std::string& folder, const std::string& name, View bytes) = 0;
  /// The same, but it need not have its name before publish_rest(): until then its bytes are on
  /// their way, and several files are made durable at once. May do first what publish_rest() does.
  virtual Result<bool> publish_later(const std::string& folder, const std::string& name,
                                     View bytes) {
    return publish(folder, name, bytes);
  }
  /// Ends each publish_later(). After an error those that had no name get none.
  virtual Result<void> publish_rest() { return {}; }
  /// Gives up each publish_later() that has not ended: what had no name gets none.
  virtual void drop_rest() noexcept {}
  /// A file's inode, which was synced before it had a name: where no journal has both together, it
  /// says until now that it has none. That there is no such file is no error.
  virtual Result<void> sync_named(const std::string& path) = 0;
  virtual Result<void> sync_folder(const std::string& path) = 0;
  /// That there is none is no error.
  virtual Result<void> remove(const std::string& path) = 0;
  /// Errors: not_mapped (no such file, or it ends before).
  virtual Result<Bytes> read(const std::string& path, std::uint64_t offset, std::uint64_t size) = 0;
  /// What read() will be asked for soon.
  virtual void will_read(const std::string& /*path*/, std::span<const ImageStore::Part> /*parts*/) {
  }
  /// Regular files; none where there is no such folder.
  virtual Result<std::vector<ImageStore::Item>> list(const std::string& path) = 0;
};

std::unique_ptr<Disk> real_disk();

}  // namespace cleave::detail::image
