// A store that counts what it is asked for, and can be made to fail.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include <cleave/image/store.h>

namespace cleave::detail::image {

/// The test's look at a TroubledStore, which must outlive it.
struct Trouble {
  std::atomic<std::uint64_t> gets{0};
  std::atomic<std::uint64_t> calls{0};
  std::atomic<std::uint64_t> announced{0};  ///< bytes
  std::atomic<bool> dead{false};            ///< each call fails
  std::atomic<std::uint64_t> kth{~0ull};    ///< the call of this number fails, from 0
  std::atomic<std::uint64_t> lies{0};       ///< so many of the next gets give other bytes
  /// Of the next swap the answer is lost, and this is called before anybody knows.
  std::function<void()> meanwhile;
};

class TroubledStore final : public ImageStore {
 public:
  TroubledStore(std::unique_ptr<ImageStore> below, Trouble& trouble)
      : below_(std::move(below)), trouble_(trouble) {}

  Result<bool> put(std::string_view key, std::span<const std::byte> bytes) override {
    return asked([&] { return below_->put(key, bytes); });
  }
  Result<std::vector<std::byte>> get(std::string_view key, std::uint64_t offset,
                                     std::uint64_t size) override {
    ++trouble_.gets;
    auto got = asked([&] { return below_->get(key, offset, size); });
    if (got && trouble_.lies != 0) {
      --trouble_.lies;
      for (std::byte& byte : *got) byte ^= std::byte{1};
    }
    return got;
  }
  void will_get(std::string_view key, std::span<const Part> parts) override {
    for (const Part& part : parts) trouble_.announced += part.size;
    below_->will_get(key, parts);
  }
  Result<std::vector<Item>> list(std::string_view prefix) override {
    return asked([&] { return below_->list(prefix); });
  }
  Result<void> remove(std::string_view key) override {
    return asked([&] { return below_->remove(key); });
  }
  Result<Cell> cell(std::string_view name) override {
    return asked([&] { return below_->cell(name); });
  }
  Result<bool> swap(std::string_view name, std::uint64_t generation,
                    std::span<const std::byte> bytes) override {
    return asked([&] { return answered(below_->swap(name, generation, bytes)); });
  }
  Result<bool> swap_for_now(std::string_view name, std::uint64_t generation,
                            std::span<const std::byte> bytes) override {
    return asked([&] { return answered(below_->swap_for_now(name, generation, bytes)); });
  }

 private:
  template <class Call>
  auto asked(Call call) -> decltype(call()) {
    if (trouble_.calls++ == trouble_.kth || trouble_.dead) {
      return dead();
    }
    return call();
  }
  Result<bool> answered(Result<bool> swapped) {
    const auto meanwhile = std::exchange(trouble_.meanwhile, nullptr);
    if (!meanwhile) return swapped;
    meanwhile();
    return dead();
  }
  static tl::unexpected<Error> dead() {
    return tl::unexpected(Error{Errc::io, "the test's store is dead", Address{0}, 5});
  }

  std::unique_ptr<ImageStore> below_;
  Trouble& trouble_;
};

}  // namespace cleave::detail::image
