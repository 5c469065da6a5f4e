// Small programs drawn at random, to compare searches on.
#pragma once

#include <algorithm>
#include <random>
#include <vector>

#include "lab/explore/execution/program.h"

namespace lab::explore {

/// What a drawn program may consist of.
struct Palette {
  int threads = 3;
  int statements = 3;  ///< a thread has up to so many
  bool awaits = true;
  bool breaks = true;
  bool chooses = true;
  bool spawns = true;
  bool single = false;  ///< each step touches one variable
  bool equal = false;   ///< all threads but the first have the same body
};

/// A program of a few threads on three variables. Threads remember what they read in a register,
/// which later statements use; registers are in the outcome.
class RandomProgram : public Program {
 public:
  enum class Kind {
    store,
    load,
    fetch_add,
    add,
    compare_exchange,
    move,
    fence,
    await_one,
    await_both,
    await_either,
    choose,
    breaks,
    spawn,
  };
  struct Statement {
    Kind kind;
    std::size_t a;
    std::size_t b;
    int value;
    bool only_if_odd;  ///< skipped unless the register is odd
  };
  using Bodies = std::vector<std::vector<Statement>>;

  static Bodies draw(std::uint64_t seed, const Palette& palette) {
    std::mt19937_64 engine{seed};
    const auto below = [&](std::uint64_t count) { return engine() % count; };
    Bodies bodies(static_cast<std::size_t>(palette.threads));
    for (std::size_t t = 0; t < bodies.size(); ++t) {
      if (palette.equal && t > 1) {
        bodies[t] = bodies[1];
        continue;
      }
      const std::uint64_t count = 1 + below(static_cast<std::uint64_t>(palette.statements));
      for (std::uint64_t i = 0; i < count; ++i) {
        Statement s{};
        // Stores and loads are what programs mostly consist of.
        do {
          const std::uint64_t kind = below(18);
          s.kind = kind < 13 ? static_cast<Kind>(kind) : kind < 16 ? Kind::store : Kind::load;
        } while (!allowed(s.kind, palette));
        s.a = below(3);
        s.b = below(3);
        s.value = static_cast<int>(below(3));
        s.only_if_odd = below(5) == 0;
        if (palette.single && (s.kind == Kind::await_one || s.kind == Kind::await_either))
          s.b = s.a;
        bodies[t].push_back(s);
      }
    }
    return bodies;
  }

  explicit RandomProgram(const Bodies& bodies, bool equal)
      : bodies_(bodies), equal_(equal), registers_(bodies.size()) {}

  void start(Threads& threads) override {
    static constexpr const char* kNames[] = {"P0", "P1", "P2", "P3", "P4", "P5"};
    for (std::size_t t = 0; t < bodies_.size(); ++t) {
      threads.add(equal_ && t > 0 ? "P" : kNames[t], [this, t] {
        for (const Statement& s : bodies_[t]) perform(s, registers_[t]);
      });
    }
    if (equal_) threads.equal(1, static_cast<int>(bodies_.size()) - 1);
  }

  void end(Outcome& outcome) override {
    static constexpr const char* kRegisters[] = {"r0", "r1", "r2", "r3", "r4", "r5"};
    // Up to the names of equal threads.
    if (equal_) std::sort(registers_.begin() + 1, registers_.end());
    for (std::size_t t = 0; t < registers_.size(); ++t) {
      outcome.note(kRegisters[t], static_cast<std::uint64_t>(registers_[t]));
    }
    for (auto* v : {&x_, &y_, &z_}) outcome.note(v->name(), static_cast<std::uint64_t>(v->read()));
    outcome.note("by others", static_cast<std::uint64_t>(others_));
  }

 private:
  static bool allowed(Kind kind, const Palette& palette) {
    if (palette.single && (kind == Kind::move || kind == Kind::await_both)) return false;
    if (!palette.spawns && kind == Kind::spawn) return false;
    switch (kind) {
      case Kind::await_one:
      case Kind::await_both:
      case Kind::await_either:
        return palette.awaits;
      case Kind::choose:
        return palette.chooses;
      case Kind::breaks:
        return palette.breaks;
      case Kind::spawn:
        return !palette.equal;
      default:
        return true;
    }
  }

  Shared<int>& at(std::size_t i) { return i == 0 ? x_ : i == 1 ? y_ : z_; }

  void perform(const Statement& s, int& mine) {
    if (s.only_if_odd && mine % 2 == 0) return;
    Shared<int>& a = at(s.a);
    Shared<int>& b = at(s.b);
    switch (s.kind) {
      case Kind::store:
        return put("store", a, s.value);
      case Kind::load:
        mine = mine * 4 + look("load", [&] { return a.read(); });
        return;
      case Kind::fetch_add:
        mine = mine * 4 + step("fetch_add", [&] {
                 const int old = a.read();
                 a.write((old + 1) % 4);
                 return old;
               });
        return;
      case Kind::add:
        return step("add", [&] { a.add(1); });
      case Kind::compare_exchange:
        return step("cas", [&] {
          if (a.read() == s.value) a.write(s.value + 1);
        });
      case Kind::move:
        return step("move", [&] { b.write(a.read() + s.value); });
      case Kind::fence:
        return fence("fence");
      case Kind::await_one:
        return await(
            "await", [&] { return a.read() == s.value; }, [&] { b.write(3); });
      case Kind::await_both:
        return await(
            "await both", [&] { return a.read() == s.value && b.read() == 0; },
            [&] { b.write(s.value); });
      case Kind::await_either:
        return await(
            "await either", [&] { return a.read() != s.value || b.read() == s.value; },
            [&] { mine = mine * 4 + a.read(); });
      case Kind::choose:
        mine = mine * 4 + static_cast<int>(choose("choose", 2));
        return;
      case Kind::breaks:
        if (look("check", [&] { return a.read() == 2; })) broken("a variable is 2");
        return;
      case Kind::spawn:
        step("spawn", [&] {
          spawn("child", [this, s] {
            const int read = look("child loads", [&] { return at(s.a).read(); });
            step("child adds", [&] { at(s.b).add(1); });
            others_ += read;  // of several children, the order does not matter
          });
        });
        return;
    }
  }

  const Bodies& bodies_;
  const bool equal_;
  Shared<int> x_{"x"};
  Shared<int> y_{"y"};
  Shared<int> z_{"z"};
  std::vector<int> registers_;
  int others_ = 0;
};

}  // namespace lab::explore
