// How each word is written. The parser, the printer, the messages and the checks all read this one
// table.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lab/litmus/test.h"

namespace lab::litmus {

/// What stands after a word, in order.
enum class Operand : std::uint8_t {
  nothing,
  place,       ///< `x`, `x[2]`, `C:x`
  half,        ///< a place, or a half of it: `x.b`
  other,       ///< a second place
  value,       ///< a number
  process,     ///< one that this one forks
  label,       ///< what signal gives
  awaited,     ///< a label, or `C.exit`
  reference,   ///< `p`
  behind,      ///< `p`, or a half of what is behind it: `p.b`
  protection,  ///< none, ro, rw
  phase,       ///< begin, end
  reading,     ///< [write] [fast [only]]
  pinning,     ///< [write] [fast [only]] [long]
  telling,     ///< [event]: userfaultfd is told
  mode,        ///< [async] or [unpopulated]
  protecting,  ///< [wp]: what comes is write-protected
};

/// Where the result goes.
enum class Result : std::uint8_t {
  none,
  needed,     ///< `-> r`
  may,        ///< `[-> r]`: 1 when the word did its work, 0 when it was refused
  reference,  ///< `p = ...`
};

struct Syntax {
  Word word;
  std::string_view name;
  std::array<Operand, 3> operands;
  Result result = Result::none;
};

/// All words, in the order of the enum.
std::span<const Syntax> vocabulary();
const Syntax& syntax(Word word);
/// nullptr: there is no such word.
const Syntax* find_word(std::string_view name);
/// How the word is written, as in "write PLACE N".
std::string form(const Syntax& syntax);

std::string_view name(Protection protection);
std::string_view name(Phase phase);
/// Empty: nothing is said.
std::string_view name(WpMode mode);
std::string_view name(PageKind kind);
std::string_view name(Attribute attribute);
std::string_view name(Swap swap);
std::string_view name(Claim claim);
std::string_view name(Comparison comparison);
std::string_view name(Memory memory);
std::string_view name(Verdict verdict);

/// The value that has this name; `last` is the enumeration's last.
template <typename Enum>
std::optional<Enum> value_of(std::string_view text, Enum last) {
  for (unsigned i = 0; i <= static_cast<unsigned>(last); ++i)
    if (name(static_cast<Enum>(i)) == text) return static_cast<Enum>(i);
  return std::nullopt;
}

}  // namespace lab::litmus
