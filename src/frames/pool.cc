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

bool Pool::has_backing() const noexcept { return state().away() != nullptr; }

ByteCount Pool::evict(ByteCount bytes) noexcept {
  Frames& frames = state();
  if (!frames.is_here() || frames.away() == nullptr) return 0;
  return frames.away()->reclaim(bytes.value >> kPageBits) << kPageBits;
}

namespace {

Result<Background*> background_of(Frames& frames) {
  if (!frames.is_here()) return not_here();
  if (frames.away() == nullptr) {
    return fail(Errc::unsupported,
                "a pool without a backing has nowhere for pages to go; make one with a backing");
  }
  return &frames.away()->background;
}

}  // namespace

Result<void> Pool::reclaim(const std::stop_token& stop, const ReclaimMarks& marks) noexcept {
  Frames& frames = state();
  const auto background = background_of(frames);
  if (!background) return tl::unexpected(background.error());
  if (auto begun = (*background)->begin(marks); !begun) return begun;
  frames.retain();
  {
    const std::stop_callback stopping(stop, [&] { (*background)->marks.stop(); });
    (*background)->run();
  }
  (*background)->end();
  frames.release();
  return {};
}

Result<void> Pool::start_reclaim(const ReclaimMarks& marks) noexcept {
  const auto background = background_of(state());
  return background ? (*background)->start(marks) : tl::unexpected(background.error());
}

void Pool::stop_reclaim() noexcept {
  if (const auto background = background_of(state())) (*background)->stop();
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
