// Where the pages of an explored pool go: a list, whose every use is one step of the thread's.
#pragma once

#include <array>
#include <cstring>
#include <map>

#include <cleave/backing.h>
#include <cleave/detail/word.h>
#include <cleave/units.h>

namespace lab::engine {

/// Places are never used again, so that puts and drops in another order come to the same. Only what
/// it writes into the pool's memory is told: all else is ordered by the state of the frame.
class Beyond final : public cleave::Backing {
 public:
  [[nodiscard]] std::uint64_t most_pages() const noexcept override { return 16; }

  cleave::Result<void> put(std::span<const std::byte* const> pages,
                           std::span<Place> places) override {
    for (std::size_t i = 0; i < pages.size(); ++i) {
      places[i] = Place{++last_};
      std::memcpy(held_[last_].data(), pages[i], cleave::kPageSize);
    }
    return {};
  }
  cleave::Result<void> get(std::span<const Place> places,
                           std::span<std::byte* const> into) override {
    for (std::size_t i = 0; i < places.size(); ++i) {
      const auto& page = held_.at(static_cast<std::uint64_t>(places[i]));
      cleave::detail::sync::write_bytes(into[i], page.data(), cleave::kPageSize);
    }
    return {};
  }
  void drop(Place place) noexcept override { held_.erase(static_cast<std::uint64_t>(place)); }
  [[nodiscard]] cleave::BackingStatistics statistics() const noexcept override {
    cleave::BackingStatistics s;
    s.pages = held_.size();
    return s;
  }

 private:
  std::map<std::uint64_t, std::array<std::byte, cleave::kPageSize>> held_;
  std::uint64_t last_ = 0;
};

}  // namespace lab::engine
