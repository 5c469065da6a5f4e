#include "frames/away/seen.h"

#include <algorithm>

#include "frames/slots/reserved.h"

namespace cleave::detail {
namespace {

// A half of the places stays empty, so that few sums find all of theirs taken.
constexpr std::uint64_t kSlotsOfABucket = 4;

template <class T>
bool reserve_once(T*& array, std::uint64_t count) noexcept {
  if (array == nullptr) array = static_cast<T*>(reserve_zeroed(count * sizeof(T)));
  return array != nullptr;
}

}  // namespace

bool Seen::prepare(std::uint64_t frames, std::uint64_t slots) noexcept {
  frames_ = frames;
  buckets_ = slots / kSlotsOfABucket + 1;
  return reserve_once(sums_, frames + 1) && reserve_once(sharers_, frames + 1) &&
         reserve_once(places_, buckets_ * kWays);
}

Seen::~Seen() {
  give_back_reserved(sums_, (frames_ + 1) * sizeof(*sums_));
  give_back_reserved(sharers_, (frames_ + 1) * sizeof(*sharers_));
  give_back_reserved(places_, buckets_ * kWays * sizeof(*places_));
}

bool Seen::note(FrameId frame, std::uint64_t sum) noexcept {
  if (sums_[raw(frame)] == sum) return true;
  sums_[raw(frame)] = sum;
  return false;
}

void Seen::replace(FrameId twin, FrameId frame) noexcept {
  std::uint32_t* const bucket = bucket_of(frame);
  std::replace(bucket, bucket + kWays, raw(twin), raw(frame));
}

}  // namespace cleave::detail
