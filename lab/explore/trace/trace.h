// One run, step by step; and the token that makes the same run again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "lab/explore/search/explorer.h"

namespace lab::explore {

/// How a step touched a variable.
struct Touching {
  std::string variable;
  std::uint64_t number;  ///< which of that name; the same in every schedule
  std::uint8_t touch;    ///< of Touch
  std::uint64_t before;
  std::uint64_t after;
};

struct Event {
  enum class Kind : std::uint8_t {
    step,
    put,    ///< a store into the thread's own buffer; it took part in the step before it
    flush,  ///< a store of `thread` comes out of its buffer
    fence,  ///< with nothing to wait for; one that waited is a step
    choice,
  };
  Kind kind = Kind::step;
  int thread = 0;
  std::string label;      ///< of a flush: that of the put
  std::string operation;  ///< what the thread was about
  std::vector<Touching> touched;
  std::vector<std::string> decided;  ///< which rule decided what
  std::string counters;              ///< Program::describe() after it
  std::uint64_t value = 0;           ///< of a choice
  std::size_t choices = 0;  ///< so many of the schedule's choices lead up to it, and through it
  /// For each thread, 1 + the place of its latest event that happened before this one or is it; 0:
  /// none. Stores in buffers go by themselves: they have a second row each, behind those of all
  /// threads.
  std::vector<std::uint32_t> clock;
};

struct Trace {
  Memory memory = Memory::sc;
  std::vector<std::string> drop;
  Schedule schedule;
  std::vector<std::string> threads;  ///< their names
  std::vector<Event> events;
  Ending ending = Ending::complete;
  std::string broken;         ///< what broken() said; empty: nothing was
  std::size_t broken_at = 0;  ///< after so many choices
  std::string standstill;     ///< who waits for what, if the run did not complete
  Outcome outcome;            ///< of a complete run
  std::uint64_t hash = 0;     ///< of all that happened

  /// Whether event `a` happened before event `b`.
  [[nodiscard]] bool before(std::size_t a, std::size_t b) const;
  /// "1:sc::0x3,1x2:5b3c0a12": version, memory, what was left out, who went on how often ("1f": the
  /// buffer of thread 1; "2=1": thread 2 chose 1,
  /// see Digit), and a hash by which a replay knows that it is
  /// the same run.
  [[nodiscard]] std::string token() const;
};

/// Makes the run that `schedule` describes, and writes down what happens. Of `options` it uses
/// memory, drop and max_steps. Refusals: the program does not follow the schedule, with the step.
tl::expected<Trace, Refusal> record(const Factory& factory, const Options& options,
                                    const Schedule& schedule);

/// What a token says.
struct Token {
  Memory memory = Memory::sc;
  std::vector<std::string> drop;
  Schedule schedule;
  std::uint32_t hash = 0;
};

/// Refusals: not a token, with the place; a version that this explorer does not make.
tl::expected<Token, Refusal> parse_token(std::string_view text);

/// Makes the token's run again. Refusals: those of parse_token() and record(); the program takes
/// steps other than those when the token was made.
tl::expected<Trace, Refusal> replay(const Factory& factory, std::string_view text);

}  // namespace lab::explore
