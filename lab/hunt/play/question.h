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
  std::optional<litmus::Condition> end;
  std::string what;  ///< the end as text, or what broke
};

/// For one OS thread; the options must outlive it.
class Question {
 public:
  explicit Question(const Options& options) : options_(options) {}

  /// What the program shows of variant number `of`. Nothing: nothing, or it makes no sense.
  std::optional<Shown> ask(const Program& program, std::size_t of, explore::Memory memory);

  /// A program without a race under all variants in `alive`, and what each shows.
  struct Answers {
    std::vector<std::optional<Shown>> shown;  ///< by variant
    std::vector<explore::Hash128> states;     ///< by variant
  };
  const Answers& ask_all(const Start& start, const Script& script, const spec::Promise& promise,
                         std::uint64_t alive, bool with_states);
  /// A program with a race under variant number `of`.
  struct Raced {
    std::optional<Shown> shown;
    std::uint64_t runs = 0;
    bool complete = true;
  };
  Raced ask_race(const Start& start, const Script& script, const std::vector<spec::Promise>& orders,
                 std::size_t of, explore::Memory memory);

  /// A program without a race under the first variant.
  const Run& run(const Program& program) {
    return at(*program.start)
        .players.front()
        ->run(script_of(program, stage(*program.start)), /*with_state=*/false);
  }

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

  const Options& options_;
  std::map<const Start*, std::unique_ptr<Place>> places_;
  Answers answers_;
};

}  // namespace lab::hunt
