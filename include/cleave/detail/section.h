// Sections: short extents in which a thread uses translations that another thread may revoke.
//
// The thread inside pays a store on the way in and one on the way out. The thread that revokes pays
// for the ordering, as in every asymmetric scheme (RCU's memb flavour, biased locks):
//
//     inside                               revoking
//     state_ = writing     (store)         stamp = next          (store)
//     light fence                          heavy fence
//     stamp still mine?    (load)          state_ == idle?       (load), else wait
//
// One of the two sees the other: Dekker's pattern. The heavy fence is membarrier(2), and where a
// processor interrupt is dear (16 us on some virtual machines) a thread that forks in a loop would
// spend its life in it. So a writing section starts *strong*, with a locked exchange (6 ns) in
// place of the light fence, and turns *light* only after as many strong entries as one heavy fence
// costs. Whoever revokes needs the heavy fence only if some section has turned light since the last
// time. At worst, both together pay twice what the better choice would have cost (ski rental).
#pragma once

#include <cstdint>

#include <cleave/detail/atomic.h>
#include <cleave/detail/fence.h>

namespace cleave::detail::sync {

/// One thread's section. Entered and left by its owner only; observed by any thread. Not nested.
class alignas(64) Section {
 public:
  enum class State : std::uint32_t { idle, reading, writing };

  /// Idle. Light fences are free where the kernel has membarrier(2).
  Section() noexcept;

  // Owner ---------------------------------------------------------------------------------------

  /// Always light: a revocation that must stop readers executes a heavy fence, whatever they did.
  void enter_reading() noexcept {
    // release, as every store of state_: a revoker that reads `reading` has thereby seen the end of
    // the writing sections before. Pairs with the loads in wait_for_writer / wait_until_idle.
    state_.store(State::reading, release);
    light_fence("section.enter_reading", asymmetric_);
  }

  void enter_writing() noexcept {
    if (light_) [[likely]] {
      state_.store(State::writing, release);
      light_fence("section.enter_writing", asymmetric_);
    } else {
      enter_writing_strongly();
    }
  }

  void leave() noexcept { state_.store(State::idle, release); }

  /// To be called before entering in order to adopt translations of a new stamp: entries are strong
  /// again until earned. `stamp` is what the section publishes when it turns light.
  void start_strong(std::uint64_t stamp) noexcept {
    light_ = false;
    strong_entries_ = 0;
    stamp_ = stamp;
  }

  // Others --------------------------------------------------------------------------------------

  /// Whether the owner may be entering with a light fence under `stamp`. Read after the caller's
  /// own full fence, so that a false answer means: the owner's next entry sees what we stored
  /// before it.
  [[nodiscard]] bool light_under(std::uint64_t stamp) const noexcept {
    return light_since_.load(seq_cst) == stamp;
  }

  /// Returns once the writing section that was running at the call, if any, has ended. New ones
  /// find the stamp changed and leave without touching anything.
  void wait_for_writer() const noexcept;

  /// Returns once the owner was seen outside of any section.
  void wait_until_idle() const noexcept;

  /// Whether the owner is inside a section now.
  [[nodiscard]] bool inside() const noexcept { return state_.load(seq_cst) != State::idle; }

 private:
  void enter_writing_strongly() noexcept {
    // seq_cst on both sides (here and in the revoker's exchange of the stamp) orders our store
    // before our load of the stamp without any other fence.
    if (performs("section.strong")) {
      (void)state_.exchange(State::writing, seq_cst);
    } else {
      state_.store(State::writing, release);
    }
    // For a kernel without membarrier, where the light fence is the full one that heavy_fence()
    // pairs with.
    light_fence("section.enter_writing", asymmetric_);
    if (++strong_entries_ == kEarned) {
      // Published before any light entry, with a full fence between: a revoker that misses it has
      // its own fence before ours, so our light entries see its stamp.
      (void)light_since_.exchange(stamp_, seq_cst);
      light_ = true;
    }
  }

  /// Strong entries that cost about one heavy fence: 2,000 x 6 ns against 1 to 16 us.
  static constexpr std::uint32_t kEarned = kExplored ? 2 : 2000;

  atomic<State> state_{State::idle};  // owner writes; revokers read
  std::uint32_t strong_entries_ = 0;  // owner only
  bool light_ = false;                // owner only
  const bool asymmetric_;
  std::uint64_t stamp_ = 0;                               // owner only
  atomic<std::uint64_t> light_since_{~std::uint64_t{0}};  // owner writes; revokers read
};

}  // namespace cleave::detail::sync
