#include "lab/hunt/program/start.h"

#include <algorithm>

#include <fmt/format.h>

#include "lab/portable/ranges.h"

namespace lab::hunt {
namespace {

using litmus::Attribute;

Start small(std::string name) {
  Start start;
  start.name = std::move(name);
  litmus::Page page;
  page.name = "x";
  page.value = 1;
  start.pages.push_back(std::move(page));
  return start;
}

Start with(std::string name, Attribute attribute) {
  Start start = small(std::move(name));
  start.pages.front().attributes.push_back(attribute);
  switch (attribute) {
    case Attribute::zero:
      start.pages.front().value = start.beginning.value = 0;
      start.beginning.own = false;
      break;
    case Attribute::file:
      start.beginning.file = true;
      start.beginning.own = false;
      break;
    case Attribute::ksm:
      start.beginning.own = false;
      break;
    case Attribute::readonly:
      start.beginning.readonly = true;
      break;
    case Attribute::shared:
      start.beginning.shared = true;
      break;
    default:
      break;
  }
  return start;
}

Start held(std::string name, std::uint32_t references) {
  Start start = small(std::move(name));
  start.pages.front().held = references;
  return start;
}

Start large(std::string name, litmus::PageKind kind) {
  Start start = small(std::move(name));
  start.pages.front().kind = kind;
  start.pages.front().count = 2;
  start.beginning.pages = 2;
  start.beginning.large = true;
  return start;
}

Start two() {
  Start start = small("two");
  start.pages.push_back(start.pages.front());
  start.pages.back().name = "y";
  start.beginning.pages = 2;
  start.alike = true;
  return start;
}

Start on(std::string name, litmus::Swap swap) {
  Start start = small(std::move(name));
  start.swap = swap;
  return start;
}

Start hugetlb() {
  Start start = small("hugetlb");
  start.pages.front().kind = litmus::PageKind::hugetlb;
  // One more than is mapped, as a test has it that says nothing of it.
  start.beginning.pool = 2;
  return start;
}

}  // namespace

const std::vector<Start>& starts() {
  constexpr std::uint32_t kMoreThanAPinIsWorth = 1100;
  static const std::vector<Start> all = {
      small("small"),
      with("swapped", Attribute::swapped),
      with("zero", Attribute::zero),
      with("file", Attribute::file),
      with("ksm", Attribute::ksm),
      with("readonly", Attribute::readonly),
      with("shared", Attribute::shared),
      held("held", 1),
      held("many", kMoreThanAPinIsWorth),
      large("huge", litmus::PageKind::huge),
      large("folio", litmus::PageKind::folio),
      hugetlb(),
      two(),
      on("synchronous", litmus::Swap::synchronous),
      on("stable", litmus::Swap::stable_writes),
  };
  return all;
}

tl::expected<std::vector<const Start*>, std::string> parse_starts(std::string_view text) {
  std::vector<const Start*> chosen;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string_view name = text.substr(at, end - at);
    at = end + 1;
    bool known = false;
    std::string there;
    for (const Start& start : starts()) {
      there += (there.empty() ? "" : ", ") + start.name;
      if (name != "all" && name != start.name) continue;
      known = true;
      if (ranges::find(chosen, &start) == chosen.end()) chosen.push_back(&start);
    }
    if (!known)
      return tl::unexpected(
          fmt::format("a hunt has no start \"{}\"; it has all, and {}", name, there));
  }
  return chosen;
}

}  // namespace lab::hunt
