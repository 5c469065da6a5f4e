#include "lab/judge/expected.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lab/litmus/vocabulary.h"
#include "lab/portable/ranges.h"

namespace lab::judge {
namespace {

using litmus::Memory;
using litmus::Verdict;

// Turned knobs and left-out fences, in whatever order they were said.
std::multiset<std::string> changes(const Variant& variant) {
  std::multiset<std::string> result;
  for (std::size_t at = variant.text.find(','); at != std::string::npos;) {
    const std::size_t end = variant.text.find(',', at + 1);
    result.insert(variant.text.substr(at + 1, end - at - 1));
    at = end;
  }
  return result;
}

bool same(const Variant& a, const Variant& b) {
  return a.base == b.base && changes(a) == changes(b);
}

bool among(const std::vector<litmus::Judges>& judges, const Variant& variant) {
  return ranges::any_of(judges, [&](const litmus::Judges& each) {
    if (judges_elsewhere(each)) return false;
    const auto variants = variants_of(each);
    return variants && ranges::any_of(*variants, [&](auto& one) { return same(one, variant); });
  });
}

std::optional<Verdict> said(const litmus::Test& test, const Variant& variant, Memory memory) {
  for (const litmus::Expect& expect : test.expects) {
    if (expect.memory != memory) continue;
    for (const litmus::Expect::Group& group : expect.groups)
      if (among(group.judges, variant)) return group.verdict;
  }
  return std::nullopt;
}

std::vector<Verdict> claimed(litmus::Claim claim) {
  switch (claim) {
    case litmus::Claim::forbidden:
      return {Verdict::never};
    case litmus::Claim::allowed:
      return {Verdict::sometimes, Verdict::always};
    case litmus::Claim::always:
      return {Verdict::always};
    case litmus::Claim::exists:
      break;
  }
  return {};
}

}  // namespace

bool Expected::has(Verdict verdict) const {
  return ranges::find(verdicts, verdict) != verdicts.end();
}

std::string Expected::text() const {
  if (verdicts.empty()) return "nothing";
  std::vector<std::string_view> names;
  for (const Verdict verdict : verdicts) names.push_back(litmus::name(verdict));
  return fmt::format("{}", fmt::join(names, " or "));
}

litmus::Memory language_of(explore::Memory memory) {
  switch (memory) {
    case explore::Memory::sc:
      return Memory::sc;
    case explore::Memory::tso:
      return Memory::tso;
    case explore::Memory::ra:
      break;
  }
  return Memory::ra;
}

explore::Memory explorers(litmus::Memory memory) {
  switch (memory) {
    case Memory::sc:
      return explore::Memory::sc;
    case Memory::tso:
      return explore::Memory::tso;
    case Memory::ra:
      break;
  }
  return explore::Memory::ra;
}

Expected expected(const litmus::Test& test, const Variant& variant, Memory memory) {
  std::optional<Verdict> verdict = said(test, variant, memory);
  if (!verdict && memory == Memory::ra) verdict = said(test, variant, Memory::tso);
  if (!verdict && memory != Memory::sc) verdict = said(test, variant, Memory::sc);
  if (verdict) return {{*verdict}};
  if (!variant.changed()) return {claimed(test.final.claim)};
  return expected(test, parse_variants(variant.base)->front(), memory);
}

std::vector<Named> named_beyond(const litmus::Test& test) {
  std::vector<Named> result;
  for (const litmus::Expect& expect : test.expects)
    for (const litmus::Expect::Group& group : expect.groups)
      for (const litmus::Judges& judges : group.judges) {
        if (judges_elsewhere(judges)) continue;
        const auto variants = variants_of(judges);
        if (!variants) continue;
        for (const Variant& variant : *variants)
          if (variant.changed() || expect.memory != Memory::sc)
            result.push_back({variant, expect.memory});
      }
  return result;
}

bool must_reach(const litmus::Reach& reach, const Variant& variant) {
  return reach.under.empty() ? !variant.changed() : among(reach.under, variant);
}

std::vector<litmus::Diagnostic> check_judges(const litmus::Test& test) {
  std::vector<litmus::Diagnostic> faults;
  std::set<std::pair<Memory, std::multiset<std::string>>> seen;
  const auto check = [&](const litmus::Judges& judges, std::optional<Memory> once) {
    if (judges_elsewhere(judges)) return;
    const auto variants = variants_of(judges);
    if (!variants) {
      faults.push_back({judges.at, variants.error(), "`cleave litmus rules` says what each is"});
      return;
    }
    for (const Variant& variant : *variants) {
      std::multiset<std::string> all = changes(variant);
      all.insert(variant.base);
      if (once && !seen.emplace(*once, std::move(all)).second)
        faults.push_back({judges.at, fmt::format("{} is named twice", variant.text),
                          "one verdict for each rule-set and memory model"});
    }
  };
  for (const litmus::Expect& expect : test.expects)
    for (const litmus::Expect::Group& group : expect.groups)
      for (const litmus::Judges& judges : group.judges) check(judges, expect.memory);
  for (const litmus::Reach& reach : test.reaches)
    for (const litmus::Judges& judges : reach.under) check(judges, std::nullopt);
  return faults;
}

}  // namespace lab::judge
