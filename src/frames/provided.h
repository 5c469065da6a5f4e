// What an operation was lacking, had for it.
#pragma once

#include <cstdint>

#include <cleave/error.h>
#include <cleave/units.h>

namespace cleave::detail {

class Frames;

/// Around the tries of one operation, outside of its locks. A page that was brought stays in memory
/// until the next try is over, and no longer: an operation that needs the bytes of several pages
/// keeps what it has done with the first of them, lest they make each other go for ever.
class Provided {
 public:
  explicit Provided(Frames& frames) noexcept : frames_(frames) {}
  Provided(const Provided&) = delete;
  Provided& operator=(const Provided&) = delete;
  ~Provided() { let_go(); }

  /// True: what `error` says was lacking is there now; try again. False: it is an error for the
  /// caller's caller, of the backing's where that could not give it.
  [[nodiscard]] bool provide(Error& error) noexcept;

 private:
  void let_go() noexcept;

  Frames& frames_;
  FrameId wired_ = kZeroFrame;
  std::uint64_t wanted_ = 1;  // slots, the next time that there is none
  unsigned turns_ = 0;
};

}  // namespace cleave::detail
