#include "frames/away/background.h"

#include <algorithm>

#include "base/fail.h"
#include "frames/away/away.h"

namespace cleave::detail {

// The defaults: a 32nd of the budget is always free, and a 16th after each time. A thread that
// takes pages as fast as it can takes some ms for that much, in which several batches go.
Result<void> Background::begin(const ReclaimMarks& wanted) noexcept {
  const std::uint64_t all = away_.slots().count();
  std::uint64_t low = wanted.low.value >> kPageBits;
  if (wanted.low.value == 0) low = std::max<std::uint64_t>(all / 32, 1);
  std::uint64_t high = wanted.high.value >> kPageBits;
  if (wanted.high.value == 0) high = std::min(2 * low, all);
  if (low == 0 || low > high || high > all) {
    return fail(Errc::bad_argument,
                "ReclaimMarks are whole pages: `low` no more than `high`, and `high` no more than "
                "the pool's budget");
  }
  if (!marks.begin(low)) {
    return fail(Errc::already_exists,
                "another thread reclaims the pool's memory already; one is enough for a pool");
  }
  high_ = high;
  return {};
}

void Background::run() noexcept {
  bool in_vain = false;
  while (marks.wait(away_.slots(), in_vain)) in_vain = !free_some();
}

bool Background::free_some() noexcept {
  while (away_.slots().left() < high_ && !marks.is_stopped()) {
    // A batch at a time: whoever finds no slot meanwhile gets the clock in between.
    if (away_.reclaim(1) == 0) return false;
  }
  return true;
}

Result<void> Background::start(const ReclaimMarks& wanted) noexcept {
  const sync::Guard guard(lock_);
  if (auto begun = begin(wanted); !begun) return begun;
  auto started = sync::OwnThread::start(
      "cleave-reclaim",
      [](void* self) -> void* {
        static_cast<Background*>(self)->run();
        return nullptr;
      },
      this);
  if (!started) {
    end();
    return tl::unexpected(started.error());
  }
  thread_ = *started;
  return {};
}

void Background::stop() noexcept {
  const sync::Guard guard(lock_);
  if (!thread_) return;
  marks.stop();
  thread_->join();
  thread_.reset();
  end();
}

}  // namespace cleave::detail
