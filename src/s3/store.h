// A store in a bucket: packs/<name> and cells/<name>, after the prefix.
#pragma once

#include <optional>

#include <cleave/image/store.h>

#include "image/store/cell.h"
#include "s3/client.h"
#include "s3/conditions.h"

namespace cleave::detail::s3 {

/// A cell is one object (image/store/cell.h), written where its ETag still is what was read. No two
/// are alike, as each has its swap's id: so an ETag, which is a hash, names one generation. Those
/// of the last swaps stay in it: whose answer was lost finds there whether it came through.
class S3Store final : public ImageStore {
 public:
  explicit S3Store(Client client) : client_(std::move(client)), writes_(Quotes::as_given) {}

  /// Finds out whether it can be written to. Errors: io (it cannot be reached at all).
  Result<void> try_writing();
  /// From now on nothing is written.
  void refuse_writing();

  Result<bool> put(std::string_view key, std::span<const std::byte> bytes) override;
  Result<std::vector<std::byte>> get(std::string_view key, std::uint64_t offset,
                                     std::uint64_t size) override;
  Result<std::vector<Item>> list(std::string_view prefix) override;
  Result<void> remove(std::string_view key) override;
  Result<Cell> cell(std::string_view name) override;
  Result<bool> swap(std::string_view name, std::uint64_t generation,
                    std::span<const std::byte> bytes) override;

 private:
  /// A cell as it was read last, for the swap that mostly comes then.
  struct Seen {
    std::string name;
    std::uint64_t generation = 0;
    std::string etag;
    std::vector<image::SwapId> swaps;
  };
  /// What was fetched last: more than was asked for where it was asked for one after the other.
  struct Ahead {
    std::string key;
    std::uint64_t offset = 0;
    std::uint64_t read_to = 0;
    std::uint64_t window = 0;
    image::Bytes bytes;
  };
  Result<image::Bytes> fetch(const std::string& key, std::uint64_t offset, std::uint64_t size);
  bool holds(std::string_view key, std::span<const std::byte> bytes);
  Result<Cell> look(std::string_view name, Seen& seen);
  Result<bool> settle(std::string_view name, std::uint64_t generation, const image::SwapId& mine);

  Client client_;
  Result<Quotes> writes_;  ///< or why nothing may be written
  std::optional<Seen> seen_;
  Ahead ahead_;
};

}  // namespace cleave::detail::s3
