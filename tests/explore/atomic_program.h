// Small programs of atomics, drawn at random: straight lines of accesses and fences with orders.
#pragma once

#include <deque>
#include <random>
#include <vector>

#include "lab/explore/execution/atomic.h"
#include "lab/explore/execution/program.h"

namespace lab::explore {

struct AtomicPalette {
  std::size_t threads = 2;
  std::size_t statements = 3;  ///< a thread has up to so many
  std::size_t locations = 2;
  bool strong = false;  ///< every access is sequentially consistent
  bool heavy = false;   ///< there are fences of all threads
  bool waits = false;
};

class AtomicProgram : public Program {
 public:
  enum class Kind { store, load, fetch_add, compare_exchange, fence, heavy_fence, wait };
  struct Statement {
    Kind kind;
    std::size_t location;
    int value;  ///< stored, added, or wanted: then the next larger is stored
    Order order;
  };
  using Bodies = std::vector<std::vector<Statement>>;

  static Bodies draw(std::uint64_t seed, const AtomicPalette& palette) {
    std::mt19937_64 engine{seed};
    const auto below = [&](std::uint64_t count) { return engine() % count; };
    Bodies bodies(palette.threads);
    for (auto& body : bodies) {
      const std::uint64_t count = 1 + below(palette.statements);
      for (std::uint64_t i = 0; i < count; ++i) {
        static constexpr Kind kKinds[] = {
            Kind::store, Kind::store, Kind::store,     Kind::load,
            Kind::load,  Kind::load,  Kind::fetch_add, Kind::compare_exchange,
            Kind::fence, Kind::fence};
        Statement s{};
        s.kind = kKinds[below(10)];
        if (palette.waits && below(8) == 0) s.kind = Kind::wait;
        if (palette.heavy && below(6) == 0) s.kind = Kind::heavy_fence;
        s.location = below(palette.locations);
        s.value = 1 + static_cast<int>(below(2));
        s.order = palette.strong ? Order::seq_cst : order_for(s.kind, below(4));
        body.push_back(s);
      }
    }
    return bodies;
  }

  explicit AtomicProgram(const Bodies& bodies) : bodies_(bodies), seen_(bodies.size()) {
    for (const char* name : {"x", "y", "z"}) locations_.emplace_back(name);
  }

  void start(Threads& threads) override {
    static constexpr const char* kNames[] = {"P0", "P1", "P2", "P3"};
    for (std::size_t t = 0; t < bodies_.size(); ++t) {
      threads.add(kNames[t], [this, t] {
        for (const Statement& s : bodies_[t]) perform(s, seen_[t]);
      });
    }
  }

  /// All that was read, thread by thread, and what lies in each location in the end.
  void end(Outcome& outcome) override {
    for (const std::vector<int>& thread : seen_) {
      for (const int value : thread) outcome.note("r", static_cast<std::uint64_t>(value));
    }
    for (const Atomic<int>& v : locations_) {
      outcome.note(v.name(), static_cast<std::uint64_t>(v.value()));
    }
  }

 private:
  // Relaxed as often as all others together; of those, what the operation can have.
  static Order order_for(Kind kind, std::uint64_t drawn) {
    switch (kind) {
      case Kind::load:
      case Kind::wait:
        return drawn < 2 ? Order::relaxed : drawn == 2 ? Order::acquire : Order::seq_cst;
      case Kind::store:
        return drawn < 2 ? Order::relaxed : drawn == 2 ? Order::release : Order::seq_cst;
      case Kind::fence:
        return drawn == 0   ? Order::acquire
               : drawn == 1 ? Order::release
               : drawn == 2 ? Order::acq_rel
                            : Order::seq_cst;
      default:
        return drawn == 0   ? Order::relaxed
               : drawn == 1 ? Order::release
               : drawn == 2 ? Order::acq_rel
                            : Order::seq_cst;
    }
  }

  void perform(const Statement& s, std::vector<int>& seen) {
    Atomic<int>& at = locations_[s.location];
    switch (s.kind) {
      case Kind::store:
        return at.store(s.value, s.order);
      case Kind::load:
        return seen.push_back(at.load(s.order));
      case Kind::fetch_add:
        return seen.push_back(at.fetch_add(s.value, s.order));
      case Kind::compare_exchange: {
        int expected = s.value;
        (void)at.compare_exchange(expected, s.value + 1, s.order);
        return seen.push_back(expected);
      }
      case Kind::fence:
        return fence("fence", s.order);
      case Kind::heavy_fence:
        return heavy_fence("heavy");
      case Kind::wait:
        return seen.push_back(at.wait_until([&](int value) { return value == s.value; }, s.order));
    }
  }

  const Bodies& bodies_;
  std::deque<Atomic<int>> locations_;
  std::vector<std::vector<int>> seen_;
};

}  // namespace lab::explore
