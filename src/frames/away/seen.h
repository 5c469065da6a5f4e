// What a merger has seen of each frame, and where it finds one again by its contents.
#pragma once

#include <cstdint>

#include <cleave/detail/atomic.h>
#include <cleave/units.h>

namespace cleave::detail {

/// Used by one thread at a time, but for the sharers. Takes 8 to 28 bytes a frame, once there is
/// something to remember.
class Seen {
 public:
  Seen() = default;
  Seen(const Seen&) = delete;
  Seen& operator=(const Seen&) = delete;
  ~Seen();

  /// Before anything else, with the numbers that a pool has. False, and errno: no memory.
  [[nodiscard]] bool prepare(std::uint64_t frames, std::uint64_t slots) noexcept;

  /// Notes what a frame holds. True: it was the same the last time.
  [[nodiscard]] bool note(FrameId frame, std::uint64_t sum) noexcept;

  /// A frame that held the same when it was seen last, and that `usable` agrees to; else the zero
  /// frame, and `frame` will be found from now on.
  template <class Usable>
  [[nodiscard]] FrameId twin_of(FrameId frame, Usable usable) noexcept {
    std::uint32_t* const bucket = bucket_of(frame);
    std::uint32_t* into = nullptr;
    for (std::uint32_t* at = bucket; at != bucket + kWays; ++at) {
      const FrameId there{*at};
      if (there == frame) return kZeroFrame;
      if (there != kZeroFrame && sums_[*at] == sums_[raw(frame)]) {
        if (usable(there)) return there;
        into = at;
      } else if (into == nullptr && (there == kZeroFrame || bucket_of(there) != bucket)) {
        into = at;  // empty, or of contents that have gone
      }
    }
    if (into == nullptr) into = bucket + raw(frame) % kWays;
    *into = raw(frame);
    return kZeroFrame;
  }
  /// `frame` is found from now on in the place of its twin.
  void replace(FrameId twin, FrameId frame) noexcept;

  /// How many frames are merged with this one. One thread at a time adds; any thread that ends one
  /// takes away (relaxed: who adds finds too many at worst).
  [[nodiscard]] std::uint32_t sharers(FrameId frame) const noexcept {
    return sharers_ == nullptr ? 0 : sharers_[raw(frame)].load(sync::relaxed);
  }
  void add_sharer(FrameId frame) noexcept { sharers_[raw(frame)].add(1, sync::relaxed); }
  void end_sharer(FrameId frame) noexcept { sharers_[raw(frame)].sub(1, sync::relaxed); }

 private:
  using Sharers = sync::atomic<std::uint32_t>;
  static constexpr std::uint64_t kWays = 8;  // places for what falls together

  [[nodiscard]] std::uint32_t* bucket_of(FrameId frame) const noexcept {
    return places_ + sums_[raw(frame)] % buckets_ * kWays;
  }

  std::uint64_t frames_ = 0;
  std::uint64_t buckets_ = 0;
  std::uint64_t* sums_ = nullptr;    // by frame
  Sharers* sharers_ = nullptr;       // by frame
  std::uint32_t* places_ = nullptr;  // frames by their sums
};

}  // namespace cleave::detail
