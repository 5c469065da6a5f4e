#include <cleave/pool.h>

#include "base/check.h"
#include "base/fail.h"
#include "frames/away/merger.h"
#include "frames/frames.h"
#include "sync/memory.h"

namespace cleave {
using namespace detail;

Result<Pool> Pool::create(ByteCount budget) {
  return Frames::create(budget.value >> kPageBits).map([](Frames* frames) { return Pool(frames); });
}

Result<Pool> Pool::create(ByteCount budget, std::unique_ptr<Backing> backing) {
  return Frames::create(budget.value >> kPageBits, std::move(backing)).map([](Frames* frames) {
    return Pool(frames);
  });
}

ByteCount Pool::evict(ByteCount bytes) noexcept {
  Frames& frames = state();
  if (!frames.is_here() || frames.away() == nullptr) return 0;
  return frames.away()->reclaim(bytes.value >> kPageBits) << kPageBits;
}

Result<MergeReport> Pool::merge(ByteCount bytes) noexcept {
  Frames& frames = state();
  if (!frames.is_here()) return not_here();
  if (frames.away() == nullptr) {
    return fail(
        Errc::unsupported,
        "a pool without a backing has each page where it was made; make one with a backing");
  }
  return frames.away()->merger().sweep(bytes.value >> kPageBits);
}

Pool& Pool::operator=(Pool&& other) noexcept {
  const Pool old(std::exchange(frames_, std::exchange(other.frames_, nullptr)));
  return *this;
}

Pool::~Pool() {
  if (frames_ != nullptr) frames_->release();
}

Frames& Pool::state() const noexcept {
  CLEAVE_CHECK(frames_ != nullptr, "use of a moved-from Pool");
  return *frames_;
}

Result<void> Pool::reserve(ByteCount bytes) {
  return state().reserve((bytes.value >> kPageBits) + ((bytes.value & (kPageSize - 1)) != 0));
}

Result<ByteCount> Pool::trim() {
  return state().trim().map([](std::uint64_t n) { return ByteCount{n << kPageBits}; });
}

PoolStatistics Pool::statistics() const noexcept { return state().statistics(); }

}  // namespace cleave
