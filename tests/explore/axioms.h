// RC11 by its axioms: every execution of a straight-line program is written down, and those that
// the axioms allow are kept. Slow and plain, to judge what the explorer finds by running.
#pragma once

#include <bit>
#include <set>
#include <string>

#include "tests/explore/atomic_program.h"

namespace lab::explore {

class Axioms {
 public:
  using Bodies = AtomicProgram::Bodies;
  using Kind = AtomicProgram::Kind;

  /// The outcomes that are allowed, as Outcome::text() has them.
  static std::set<std::string> outcomes(const Bodies& bodies) {
    Axioms axioms{bodies};
    axioms.choose_sources(0);
    return axioms.outcomes_;
  }

 private:
  static constexpr std::size_t kMost = 32;
  // By row: the set of events that it leads to.
  struct Relation {
    std::array<std::uint32_t, kMost> to{};
    void add(std::size_t a, std::size_t b) { to[a] |= bit(b); }
    [[nodiscard]] bool has(std::size_t a, std::size_t b) const { return (to[a] & bit(b)) != 0; }
    Relation operator|(const Relation& other) const {
      Relation both;
      for (std::size_t i = 0; i < kMost; ++i) both.to[i] = to[i] | other.to[i];
      return both;
    }
    Relation operator*(const Relation& then) const {  // this; then
      Relation both;
      for (std::size_t i = 0; i < kMost; ++i) {
        for (std::uint32_t rest = to[i]; rest != 0; rest &= rest - 1)
          both.to[i] |= then.to[static_cast<std::size_t>(std::countr_zero(rest))];
      }
      return both;
    }
    [[nodiscard]] Relation closed() const {
      Relation all = *this;
      for (std::size_t k = 0; k < kMost; ++k) {
        for (std::size_t i = 0; i < kMost; ++i)
          if (all.has(i, k)) all.to[i] |= all.to[k];
      }
      return all;
    }
    [[nodiscard]] bool reflexive() const {
      for (std::size_t i = 0; i < kMost; ++i)
        if (has(i, i)) return true;
      return false;
    }
    template <typename Keep>
    [[nodiscard]] Relation where(Keep keep) const {
      Relation some;
      for (std::size_t i = 0; i < kMost; ++i) {
        for (std::size_t j = 0; j < kMost; ++j)
          if (has(i, j) && keep(i, j)) some.add(i, j);
      }
      return some;
    }
  };
  struct Event {
    int thread = -1;  // -1: what is there from the start
    Kind kind = Kind::store;
    std::size_t location = 0;
    Order order = Order::relaxed;
    int argument = 0;
    std::size_t source = 0;
    // Known when sources are chosen.
    int read = 0;
    int written = 0;
    bool writes = false;
  };

  static std::uint32_t bit(std::size_t i) { return std::uint32_t{1} << i; }
  static bool reads(const Event& e) {
    return e.thread >= 0 && e.kind != Kind::store && e.kind != Kind::fence;
  }

  explicit Axioms(const Bodies& bodies) {
    for (std::size_t location = 0; location < 3; ++location) {
      events_.push_back({.location = location, .writes = true});
    }
    for (std::size_t t = 0; t < bodies.size(); ++t) {
      for (const auto& s : bodies[t]) {
        events_.push_back({.thread = static_cast<int>(t),
                           .kind = s.kind,
                           .location = s.location,
                           .order = s.order,
                           .argument = s.value});
      }
    }
  }

  void choose_sources(std::size_t from) {
    while (from < events_.size() && !reads(events_[from])) ++from;
    if (from == events_.size()) {
      if (know_values()) choose_places(0);
      return;
    }
    for (std::size_t w = 0; w < events_.size(); ++w) {
      const Event& source = events_[w];
      const bool may =
          source.thread < 0 || (source.kind != Kind::load && source.kind != Kind::fence);
      if (w == from || !may || source.location != events_[from].location) continue;
      events_[from].source = w;
      choose_sources(from + 1);
    }
  }

  // False: a value would come of itself, or of what stores nothing.
  bool know_values() {
    Relation before;
    for (std::size_t i = 0; i < events_.size(); ++i) {
      for (std::size_t j = i + 1; j < events_.size(); ++j)
        if (events_[i].thread >= 0 && events_[i].thread == events_[j].thread) before.add(i, j);
      if (reads(events_[i])) before.add(events_[i].source, i);
    }
    if (before.closed().reflexive()) return false;
    for (std::size_t round = 0; round < events_.size(); ++round) {
      for (Event& e : events_) {
        if (e.thread < 0) continue;
        if (reads(e)) e.read = events_[e.source].written;
        e.writes = e.kind == Kind::store || e.kind == Kind::fetch_add ||
                   (e.kind == Kind::compare_exchange && e.read == e.argument);
        e.written = e.kind == Kind::store       ? e.argument
                    : e.kind == Kind::fetch_add ? e.read + e.argument
                                                : e.argument + 1;
      }
    }
    for (const Event& e : events_)
      if (reads(e) && !events_[e.source].writes) return false;
    return true;
  }

  // The order of each location's stores: all permutations.
  void choose_places(std::size_t location) {
    if (location == 3) {
      if (allowed()) keep();
      return;
    }
    std::vector<std::size_t>& order = orders_[location];
    order.clear();
    for (std::size_t i = 3; i < events_.size(); ++i)
      if (events_[i].kind != Kind::fence && events_[i].writes && events_[i].location == location)
        order.push_back(i);
    do {
      choose_places(location + 1);
    } while (std::next_permutation(order.begin(), order.end()));
  }

  [[nodiscard]] bool allowed() const {
    const auto count = events_.size();
    const auto order_of = [&](std::size_t i) {
      const Event& e = events_[i];
      return e.kind == Kind::compare_exchange && !e.writes ? failing(e.order) : e.order;
    };
    const auto fence = [&](std::size_t i) {
      return events_[i].thread >= 0 && events_[i].kind == Kind::fence;
    };
    const auto same = [&](std::size_t i, std::size_t j) {
      return !fence(i) && !fence(j) && events_[i].location == events_[j].location;
    };
    const auto strong = [&](std::size_t i) {
      return events_[i].thread >= 0 && order_of(i) == Order::seq_cst;
    };
    Relation sb, rf, mo, rb, self, updates;
    for (std::size_t i = 0; i < count; ++i) {
      self.add(i, i);
      for (std::size_t j = 0; j < count; ++j) {
        const bool first = events_[i].thread < 0 && events_[j].thread >= 0;
        if (first || (events_[i].thread >= 0 && events_[i].thread == events_[j].thread && i < j))
          sb.add(i, j);
      }
      if (reads(events_[i])) {
        rf.add(events_[i].source, i);
        if (events_[i].writes) updates.add(events_[i].source, i);
      }
    }
    for (std::size_t location = 0; location < 3; ++location) {
      std::vector<std::size_t> order{location};
      order.insert(order.end(), orders_[location].begin(), orders_[location].end());
      for (std::size_t a = 0; a < order.size(); ++a) {
        for (std::size_t b = a + 1; b < order.size(); ++b) mo.add(order[a], order[b]);
      }
    }
    for (std::size_t r = 0; r < count; ++r) {
      if (!reads(events_[r])) continue;
      for (std::size_t w = 0; w < count; ++w)
        if (w != r && mo.has(events_[r].source, w)) rb.add(r, w);
    }
    if ((rb * mo).reflexive() || mo.reflexive()) return false;  // atomicity
    for (std::size_t u = 0; u < count; ++u) {
      // An update reads what comes just before it.
      if (reads(events_[u]) && events_[u].writes && !mo.has(events_[u].source, u)) return false;
      for (std::size_t w = 0; w < count; ++w)
        if (reads(events_[u]) && events_[u].writes && rb.has(u, w) && mo.has(w, u)) return false;
    }
    // Release sequences, as C++20 has them; then what synchronises.
    const Relation sequence = (updates | self).closed();
    Relation sw;
    for (std::size_t a = 0; a < count; ++a) {
      if (events_[a].thread < 0 || !releases(order_of(a))) continue;
      for (std::size_t w = 0; w < count; ++w) {
        if (!events_[w].writes || fence(w) || !(w == a || (fence(a) && sb.has(a, w)))) continue;
        for (std::size_t s = 0; s < count; ++s) {
          if (!sequence.has(w, s)) continue;
          for (std::size_t r = 0; r < count; ++r) {
            if (!rf.has(s, r)) continue;
            if (acquires(order_of(r))) sw.add(a, r);
            for (std::size_t f = 0; f < count; ++f)
              if (fence(f) && sb.has(r, f) && acquires(order_of(f))) sw.add(a, f);
          }
        }
      }
    }
    const Relation hb = (sb | sw).closed();
    const Relation eco = (rf | mo | rb).closed();
    if (hb.reflexive() || (hb * eco).reflexive()) return false;  // coherence
    const Relation elsewhere = sb.where([&](auto i, auto j) { return !same(i, j); });
    const Relation scb = sb | elsewhere * hb * elsewhere | hb.where(same) | mo | rb;
    Relation accesses, fences;
    for (std::size_t i = 0; i < count; ++i) {
      if (strong(i)) (fence(i) ? fences : accesses).add(i, i);
    }
    const Relation perhaps = hb | self;
    const Relation base = (accesses | fences * perhaps) * scb * (accesses | perhaps * fences);
    const Relation of_fences = fences * (hb | hb * eco * hb) * fences;
    return !(base | of_fences).closed().reflexive();
  }

  void keep() {
    std::string text;
    for (const Event& e : events_)
      if (reads(e)) text += "r=" + std::to_string(e.read) + " ";
    static constexpr const char* kNames[] = {"x", "y", "z"};
    for (std::size_t location = 0; location < 3; ++location) {
      const auto& order = orders_[location];
      const int last = order.empty() ? 0 : events_[order.back()].written;
      text += std::string(kNames[location]) + "=" + std::to_string(last) + " ";
    }
    text.pop_back();
    outcomes_.insert(text);
  }

  std::vector<Event> events_;
  std::array<std::vector<std::size_t>, 3> orders_;
  std::set<std::string> outcomes_;
};

}  // namespace lab::explore
