// A store in a pool: an object for each object, and one for each cell.
#pragma once

#include <map>
#include <optional>

#include <cleave/image/store.h>

#include "rados/cluster.h"

namespace cleave::detail::rados {

/// A cell's object (image/store/cell.h) has its generation as an attribute, too: what is swapped is
/// compared and written in one operation.
class RadosStore final : public ImageStore {
 public:
  RadosStore(Cluster cluster, bool read_only)
      : cluster_(std::move(cluster)), read_only_(read_only) {}

  Result<bool> put(std::string_view key, std::span<const std::byte> bytes) override;
  Result<std::vector<std::byte>> get(std::string_view key, std::uint64_t offset,
                                     std::uint64_t size) override;
  Result<std::vector<Item>> list(std::string_view prefix) override;
  Result<void> remove(std::string_view key) override;
  Result<Cell> cell(std::string_view name) override;
  Result<bool> swap(std::string_view name, std::uint64_t generation,
                    std::span<const std::byte> bytes) override;

 private:
  Result<std::vector<std::byte>> read(const std::string& object, std::uint64_t offset,
                                      std::uint64_t size);
  Result<std::optional<std::uint64_t>> size_of(const std::string& object);

  Cluster cluster_;
  bool read_only_;
  using Sizes = std::map<std::string, std::uint64_t, std::less<>>;
  /// Of what was listed below each prefix: an object never changes, and a list has no sizes.
  std::map<std::string, Sizes, std::less<>> sizes_;
};

}  // namespace cleave::detail::rados
