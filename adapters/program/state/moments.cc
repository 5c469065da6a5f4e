#include "adapters/program/state/moments.h"

#include <algorithm>
#include <utility>

namespace cleave::program {

SharedMoment Moments::add(SharedMoment moment) noexcept {
  ++next_;
  all_.push_back(std::move(moment));  // there is room
  return all_.back();
}

SharedMoment Moments::find(const std::string& name) const {
  const auto is = [&](const auto& by) {
    const auto found = std::find_if(all_.rbegin(), all_.rend(), by);
    return found == all_.rend() ? SharedMoment() : *found;
  };
  if (SharedMoment named = is([&](const auto& m) { return m->name == name; })) return named;
  return is([&](const auto& m) { return std::to_string(m->number) == name; });
}

bool Moments::forget(const std::string& name) {
  const SharedMoment gone = find(name);
  return gone != nullptr && std::erase_if(all_, [&](const auto& m) { return m == gone; }) > 0;
}

}  // namespace cleave::program
