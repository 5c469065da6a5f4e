// A backing in memory, which can be made to refuse.
#pragma once

#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <cleave/backing.h>
#include <cleave/units.h>

namespace cleave::detail {

/// What a MemoryBacking holds; the test's look at it, which must outlive the pool.
struct Beyond {
  std::uint64_t most_pages = 1 << 16;
  /// Asked for each page that is put, and each that is wanted back. Null: all is well.
  std::function<bool()> refuses_put;
  std::function<bool()> refuses_get;

  std::mutex lock;
  std::map<std::uint64_t, std::vector<std::byte>> pages;
  std::uint64_t last = 0;
  std::uint64_t puts = 0;
  std::uint64_t gets = 0;
  std::uint64_t reads = 0;  ///< calls of get(), whatever their pages
  bool ended = false;

  [[nodiscard]] std::size_t held() {
    const std::lock_guard guard(lock);
    return pages.size();
  }
};

class MemoryBacking final : public Backing {
 public:
  explicit MemoryBacking(Beyond& beyond) : beyond_(beyond) {}
  ~MemoryBacking() override { beyond_.ended = true; }

  [[nodiscard]] std::uint64_t most_pages() const noexcept override { return beyond_.most_pages; }

  Result<void> put(std::span<const std::byte* const> pages, std::span<Place> places) override {
    const std::lock_guard guard(beyond_.lock);
    for (std::size_t i = 0; i < pages.size(); ++i) {
      ++beyond_.puts;
      if (beyond_.pages.size() == beyond_.most_pages)
        return tl::unexpected(Error{Errc::no_memory, "the test's backing is full"});
      if (beyond_.refuses_put && beyond_.refuses_put())
        return tl::unexpected(Error{Errc::io, "the test's backing takes no page", {}, 5});
      beyond_.pages[++beyond_.last].assign(pages[i], pages[i] + kPageSize);
      places[i] = Place{beyond_.last};
    }
    return {};
  }

  Result<void> get(std::span<const Place> places, std::span<std::byte* const> into) override {
    const std::lock_guard guard(beyond_.lock);
    ++beyond_.reads;
    for (std::size_t i = 0; i < places.size(); ++i) {
      ++beyond_.gets;
      if (beyond_.refuses_get && beyond_.refuses_get())
        return tl::unexpected(Error{Errc::io, "the test's backing gives no page", {}, 5});
      const auto found = beyond_.pages.find(static_cast<std::uint64_t>(places[i]));
      if (found == beyond_.pages.end()) std::abort();  // a page that was dropped is wanted
      std::memcpy(into[i], found->second.data(), kPageSize);
    }
    return {};
  }

  void drop(Place place) noexcept override {
    const std::lock_guard guard(beyond_.lock);
    if (beyond_.pages.erase(static_cast<std::uint64_t>(place)) != 1) std::abort();
  }

  [[nodiscard]] BackingStatistics statistics() const noexcept override {
    const std::lock_guard guard(beyond_.lock);
    return {.pages = beyond_.pages.size(), .capacity = beyond_.most_pages};
  }

 private:
  Beyond& beyond_;
};

}  // namespace cleave::detail
