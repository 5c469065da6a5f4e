// What is asked of each program: whether a rule-set keeps what memory promises, or does what
// another does.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lab/hunt/play/options.h"
#include "lab/hunt/play/player.h"

namespace lab::hunt {

/// What a program shows of a rule-set.
struct Shown {
  std::string kind;  ///< a harm's name, or "differs"
  spec::Known known = spec::Known::no;
  std::optional<litmus::Condition> end;
  std::string what;  ///< the end as text, or what broke
  /// A harm that is known, and of which no process died: what comes after it is tried, too.
  bool goes_on = false;
};

/// A program without a race that is asked of several rule-sets.
struct Row {
  const spec::Promise* promise = nullptr;
  std::uint64_t alive = 0;  ///< the variants that it is asked of, as bits
  std::vector<std::pair<std::size_t, Shown>> shown = {};  ///< by which of them, in order
  /// Of each that may be grown on its state, with that of the reference; in order.
  std::vector<std::pair<std::size_t, std::uint64_t>> states = {};
};

/// What a program with a race shows of one rule-set.
struct Raced {
  std::optional<Shown> shown;
  bool complete = true;  ///< each order was tried
};

/// For one OS thread; the options must outlive it.
class Question {
 public:
  explicit Question(const Options& options) : options_(options) {}

  /// What the program shows of variant number `of`. Nothing: nothing, or it makes no sense.
  std::optional<Shown> ask(const Program& program, std::size_t of, explore::Memory memory);

  /// Programs that begin alike: a row for each of the script's ends. States are fed only if they
  /// are asked for.
  void ask_rows(const Start& start, const Script& script, std::vector<Row>& rows, bool with_states);
  /// Programs that begin alike and race alike, under variant number `of`: with what is promised
  /// after each of the script's ends, in each order of the race.
  struct AllRaced {
    std::vector<Raced> ends;
    std::uint64_t runs = 0;
    bool same_under_tso = false;  ///< of sc: tso has nothing more to show
  };
  AllRaced ask_races(const Start& start, const Script& script,
                     const std::vector<const Orders*>& promised, std::size_t of,
                     explore::Memory memory);

  /// A program without a race under the first variant.
  const Run& run(const Program& program);

  Stage& stage(const Start& start) { return at(start).stage; }
  [[nodiscard]] const Options& options() const { return options_; }

 private:
  struct Place {
    Place(const Start& start, const Options& options);
    Stage stage;
    std::vector<std::unique_ptr<Player>> players;  // by variant; the reference comes last
  };
  Place& at(const Start& start);
  [[nodiscard]] std::optional<Shown> compare(const spec::Promise& promise, const Run& run,
                                             const Run& reference) const;
  [[nodiscard]] std::optional<Shown> compare(const Orders& orders, const Outcomes& outcomes,
                                             const Outcomes& reference) const;

  const Options& options_;
  std::map<const Start*, std::unique_ptr<Place>> places_;
};

}  // namespace lab::hunt
