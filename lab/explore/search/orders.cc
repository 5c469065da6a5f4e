#include "lab/explore/search/orders.h"

#include <algorithm>
#include <deque>
#include <set>

#include <fmt/format.h>

#include "lab/portable/ranges.h"

namespace lab::explore {
namespace {

std::string text_of(const Finding& finding) {
  if (finding.outcome != nullptr) return finding.outcome->text();
  return fmt::format("{}: {}", name(finding.failure), finding.what);
}

std::set<std::string> texts_of(const Result& result) {
  std::set<std::string> texts;
  for (const Seen& seen : result.outcomes) texts.insert(text_of({&seen.outcome, {}, {}}));
  for (const Failure& failure : result.failures)
    texts.insert(text_of({nullptr, failure.kind, failure.what}));
  return texts;
}

Schedule witness_of(const Result& result, const std::string& text) {
  for (const Seen& seen : result.outcomes)
    if (text_of({&seen.outcome, {}, {}}) == text) return seen.witness;
  for (const Failure& failure : result.failures)
    if (text_of({nullptr, failure.kind, failure.what}) == text) return failure.witness;
  return {};
}

}  // namespace

std::string Weakened::name() const { return fmt::format("{}~{}", site.at, explore::name(to)); }

std::vector<Order> weaker(Order order, Use use) {
  switch (order) {
    case Order::seq_cst:
      if (use == Use::load) return {Order::acquire};
      if (use == Use::store) return {Order::release};
      return {Order::acq_rel};
    case Order::acq_rel:
      return {Order::acquire, Order::release};
    case Order::acquire:
    case Order::release:
      return {Order::relaxed};
    default:
      return {};
  }
}

tl::expected<Usual, Refusal> Usual::of(const Subject& subject, const Options& options) {
  const auto whole = explore(subject.factory, options);
  if (!whole) return tl::unexpected(whole.error());
  if (whole->coverage.kind != Coverage::Kind::exhaustive) {
    return tl::unexpected(
        Refusal{fmt::format("as it is, the program's exploration was not exhaustive but {}: give "
                            "it more time, or choose a smaller program",
                            whole->coverage.text())});
  }
  Usual usual{subject, options};
  usual.texts_ = texts_of(*whole);
  usual.sites_ = whole->sites;
  return usual;
}

tl::expected<bool, Refusal> Usual::notices(Weakened& one) const {
  Options less = options_;
  less.drop.push_back(one.name());
  less.stop_at = [&](const Finding& finding) {
    const std::string text = text_of(finding);
    if (texts_.contains(text)) return false;
    one.noticed = text;
    return true;
  };
  const auto result = explore(subject_.factory, less);
  if (!result) return tl::unexpected(result.error());
  if (!one.noticed.empty()) {
    one.program = subject_.name;
    one.witness = witness_of(*result, one.noticed);
    one.coverage = result->coverage;
  } else if (one.coverage.kind == Coverage::Kind::exhaustive) {
    one.coverage = result->coverage;
  }
  return !one.noticed.empty();
}

tl::expected<std::vector<Weakened>, Refusal> weaken_each(const Factory& factory,
                                                         const Options& options) {
  const auto usual = Usual::of({"", factory}, options);
  if (!usual) return tl::unexpected(usual.error());
  std::vector<Weakened> all;
  std::deque<std::pair<Site, Order>> open;
  const auto add = [&](const Site& site, Order from) {
    for (const Order to : weaker(from, site.use)) {
      const auto known = [&](const Weakened& one) { return one.site == site && one.to == to; };
      if (ranges::find(open, std::pair(site, to)) == open.end() && ranges::none_of(all, known)) {
        open.emplace_back(site, to);
      }
    }
  };
  for (const Site& site : usual->sites()) add(site, site.order);
  for (; !open.empty(); open.pop_front()) {
    Weakened one{open.front().first, open.front().second};
    const auto noticed = usual->notices(one);
    if (!noticed) return tl::unexpected(noticed.error());
    if (!*noticed) add(one.site, one.to);
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace lab::explore
