#include "lab/explore/memory/plain_accesses.h"

namespace lab::explore {
namespace {

const PlainAccess* race(const std::vector<PlainAccess>& before, const PlainAccess& now,
                        const View& view) {
  for (const PlainAccess& other : before) {
    const bool ordered = other.thread == now.thread || view.knows(other.thread, other.place);
    if (!ordered && (other.writes || now.writes)) return &other;
  }
  return nullptr;
}

}  // namespace

const PlainAccess* PlainAccesses::access(std::uintptr_t at, const PlainAccess& now,
                                         const View& view) {
  std::vector<PlainAccess>& before = places_[at];
  if (const PlainAccess* other = race(before, now, view)) return other;
  if (now.writes) {
    before.clear();
  } else {
    std::erase_if(before, [&](const PlainAccess& other) {
      return other.thread == now.thread && !other.writes;
    });
  }
  before.push_back(now);
  return nullptr;
}

const PlainAccess* PlainAccesses::look(std::uintptr_t at, const PlainAccess& now,
                                       const View& view) const {
  const auto before = places_.find(at);
  return before == places_.end() ? nullptr : race(before->second, now, view);
}

const PlainAccess* PlainAccesses::end(std::uintptr_t at, std::size_t bytes, const PlainAccess& now,
                                      const View& view) {
  for (auto place = places_.lower_bound(at); place != places_.end() && place->first < at + bytes;
       ++place) {
    if (const PlainAccess* other = access(place->first, now, view)) return other;
  }
  return nullptr;
}

}  // namespace lab::explore
