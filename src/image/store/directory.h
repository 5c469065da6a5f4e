// A store in a folder: packs/<name>, and cells/<name>/<generation>.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cleave/image/store.h>

#include "image/store/disk.h"

namespace cleave::detail::image {

/// Old generations that are kept, for who reads while others swap.
inline constexpr std::uint64_t kGenerationsKept = 64;

/// A cell's generations are files, made by link(2): of those who try for the same one, one wins.
/// The greatest counts. Of the others only the last kGenerationsKept stay. So who comes so late
/// that it makes one that was there and is removed finds that the greatest is far ahead.
class DirectoryStore final : public ImageStore {
 public:
  DirectoryStore(std::unique_ptr<Disk> disk, std::string path)
      : disk_(std::move(disk)), path_(std::move(path)) {}

  Result<bool> put(std::string_view key, std::span<const std::byte> bytes) override;
  Result<std::vector<std::byte>> get(std::string_view key, std::uint64_t offset,
                                     std::uint64_t size) override;
  void will_get(std::string_view key, std::span<const Part> parts) override;
  Result<std::vector<Item>> list(std::string_view prefix) override;
  Result<void> remove(std::string_view key) override;
  Result<Cell> cell(std::string_view name) override;
  Result<bool> swap(std::string_view name, std::uint64_t generation,
                    std::span<const std::byte> bytes) override;
  Result<bool> swap_for_now(std::string_view name, std::uint64_t generation,
                            std::span<const std::byte> bytes) override;

  /// Makes its folders.
  Result<void> prepare();

 private:
  [[nodiscard]] std::string path_of(std::string_view key) const;
  [[nodiscard]] std::string folder_of_cell(std::string_view name) const;
  Result<std::uint64_t> greatest(const std::string& folder, std::uint64_t* least = nullptr);
  Result<bool> succeed(std::string_view name, std::uint64_t generation,
                       std::span<const std::byte> bytes, bool lasts);
  void remove_old(const std::string& folder, std::uint64_t greatest, std::uint64_t least);
  Result<void> sync_packs();
  Result<Cell> read_cell(const std::string& folder);
  Result<bool> is_as_seen(const std::string& folder, std::uint64_t generation);
  Result<void> publish_rest();
  template <class Call>
  auto or_lost(Call call) -> decltype(call());

  std::unique_ptr<Disk> disk_;
  std::string path_;
  /// What cell() gave last of each folder.
  std::map<std::string, Cell, std::less<>> seen_;
  std::vector<std::string> put_;  ///< files that were put since the last swap that lasts
  /// Why an object is not there that was put. No swap succeeds before one was told, or all objects
  /// were listed: whoever was told first may have gone on.
  std::optional<Error> lost_;
};

}  // namespace cleave::detail::image
