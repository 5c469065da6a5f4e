// Where a repository of images lies. Of the library cleave-image.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cleave/detail/config.h>
#include <cleave/error.h>

namespace cleave {

/// The narrow interface that any store has to offer: whole objects that never change, and cells,
/// small values that change by compare-and-swap. Keys and names are of [a-z0-9/], made by the
/// library alone: what a store says never becomes a path. Implementations may be called by one
/// thread at a time; any number of processes use one store at once, each with an object of its own.
class CLEAVE_API ImageStore {
 public:
  /// What list() finds.
  struct Item {
    std::string key;         ///< as it was put
    std::uint64_t size = 0;  ///< bytes
  };
  /// What a cell holds.
  struct Cell {
    std::uint64_t generation = 0;  ///< 0: nothing was ever swapped in
    std::vector<std::byte> bytes;  ///< of that generation
  };

  /// Bytes of an object.
  struct Part {
    std::uint64_t offset = 0;  ///< from its beginning
    std::uint64_t size = 0;    ///< how many
  };

  ImageStore() = default;
  ImageStore(const ImageStore&) = delete;
  ImageStore& operator=(const ImageStore&) = delete;
  virtual ~ImageStore();

  /// Puts an object, whole or not at all. False: there is one of that name, which was left as it
  /// is. Durable once a swap() that came after it has answered. It may become visible to others
  /// only with this store's next call; so a later put, get, list, remove or swap may be what tells
  /// that it failed. After an error of put, or such a one, what was put since the last swap may not
  /// be there: list() says what is. Errors: io, no_memory.
  virtual Result<bool> put(std::string_view key, std::span<const std::byte> bytes) = 0;
  /// `size` bytes from `offset` on. Errors: not_mapped (no such object, or it ends before), io.
  virtual Result<std::vector<std::byte>> get(std::string_view key, std::uint64_t offset,
                                             std::uint64_t size) = 0;
  /// Parts that get() will be asked for soon, in this order: a store may have them come meanwhile.
  /// By default it does nothing; a folder has the kernel read them. Of what fails, get() tells.
  virtual void will_get(std::string_view key, std::span<const Part> parts);
  /// All objects whose keys begin with `prefix` and a slash. One that is put or removed meanwhile
  /// may be there or not. Error: io.
  virtual Result<std::vector<Item>> list(std::string_view prefix) = 0;
  /// Removes an object. That there is none is no error. Error: io.
  virtual Result<void> remove(std::string_view key) = 0;

  /// What the cell holds now. Errors: io (it could not be read).
  virtual Result<Cell> cell(std::string_view name) = 0;
  /// Makes `bytes` the cell's next generation, if it still has `generation`. False: it has not, and
  /// nothing has changed. Answers when that, and all that this store was seen to hold before, is
  /// durable. An error says nothing of which generation it has now: look.
  virtual Result<bool> swap(std::string_view name, std::uint64_t generation,
                            std::span<const std::byte> bytes) = 0;
  /// The same, for what means nothing once the power has gone, as the lease of a process that runs:
  /// all that look see it, but it need not be durable before the next swap() has answered. By
  /// default it is swap(); a folder syncs one file, not a file and two folders. Errors: as swap().
  virtual Result<bool> swap_for_now(std::string_view name, std::uint64_t generation,
                                    std::span<const std::byte> bytes);
};

/// A store in a folder of a file system that has link(2) and fsync(2). `path` has to be there.
/// Any number of processes; one that is killed leaves nothing half done. Objects are written to
/// files without a name (O_TMPFILE), synced, and linked to their names: up to eight objects
/// together. Errors: io.
CLEAVE_API Result<std::unique_ptr<ImageStore>> directory_store(const std::string& path);

}  // namespace cleave
