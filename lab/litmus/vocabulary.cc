#include "lab/litmus/vocabulary.h"

#include <algorithm>

#include "lab/portable/ranges.h"

namespace lab::litmus {
namespace {

using enum Operand;

constexpr Syntax kVocabulary[] = {
    {Word::write, "write", {half, value}},
    {Word::read, "read", {half}, Result::needed},
    {Word::force, "force", {half, value}, Result::may},
    {Word::fork, "fork", {process, telling}, Result::may},
    {Word::exit, "exit", {}},
    {Word::signal, "signal", {label}},
    {Word::wait, "wait", {awaited}},
    {Word::get, "get", {place, reading}, Result::reference},
    {Word::pin, "pin", {place, pinning}, Result::reference},
    {Word::peek, "peek", {behind}, Result::needed},
    {Word::poke, "poke", {behind, value}},
    {Word::drop, "drop", {reference}},
    {Word::unmap, "unmap", {place}, Result::may},
    {Word::map, "map", {place}, Result::may},
    {Word::discard, "discard", {place}, Result::may},
    {Word::free, "free", {place}, Result::may},
    {Word::protect, "protect", {place, protection}, Result::may},
    {Word::dontfork, "dontfork", {place}, Result::may},
    {Word::dofork, "dofork", {place}, Result::may},
    {Word::wipeonfork, "wipeonfork", {place}, Result::may},
    {Word::wp, "wp", {place, mode}, Result::may},
    {Word::unwp, "unwp", {place}, Result::may},
    {Word::missing, "missing", {place}, Result::may},
    {Word::minor, "minor", {place}, Result::may},
    {Word::serve, "serve", {place}},
    {Word::uffd_copy, "uffd_copy", {place, value, protecting}, Result::may},
    {Word::uffd_zeropage, "uffd_zeropage", {place}, Result::may},
    {Word::uffd_continue, "uffd_continue", {place, protecting}, Result::may},
    {Word::clear_refs, "clear_refs", {}},
    {Word::move, "move", {place, other, telling}, Result::may},
    {Word::uffd_move, "uffd_move", {place, other}, Result::may},
    {Word::swapout, "swapout", {place}, Result::may},
    {Word::swapoff, "swapoff", {}, Result::may},
    {Word::writeback, "writeback", {place, phase}},
    {Word::merge, "merge", {place, other}, Result::may},
    {Word::unmerge, "unmerge", {place}, Result::may},
    {Word::migrate, "migrate", {place}, Result::may},
    {Word::split, "split", {place}, Result::may},
    {Word::split_pmd, "split_pmd", {place}, Result::may},
    {Word::collapse, "collapse", {place}, Result::may},
    {Word::lock, "lock", {place}},
    {Word::unlock, "unlock", {place}},
    {Word::lru, "lru", {place}},
    {Word::drain, "drain", {}},
};
static_assert(std::size(kVocabulary) == static_cast<std::size_t>(Word::drain) + 1);

std::string_view form(Operand operand) {
  switch (operand) {
    case nothing:
      return "";
    case place:
    case other:
      return " PAGE";
    case half:
      return " PAGE[.b]";
    case value:
      return " NUMBER";
    case process:
      return " PROCESS";
    case label:
    case awaited:
      return " LABEL";
    case reference:
      return " REFERENCE";
    case behind:
      return " REFERENCE[.b]";
    case protection:
      return " none|ro|rw";
    case phase:
      return " begin|end";
    case reading:
      return " [write] [fast [only]]";
    case pinning:
      return " [write] [fast [only]] [long]";
    case telling:
      return " [event]";
    case mode:
      return " [async|unpopulated]";
    case protecting:
      return " [wp]";
  }
  return "";
}

}  // namespace

std::span<const Syntax> vocabulary() { return kVocabulary; }

const Syntax& syntax(Word word) { return kVocabulary[static_cast<std::size_t>(word)]; }

const Syntax* find_word(std::string_view name) {
  const auto* found = ranges::find(kVocabulary, name, &Syntax::name);
  return found == std::end(kVocabulary) ? nullptr : found;
}

std::string form(const Syntax& syntax) {
  std::string result = syntax.result == Result::reference ? "REFERENCE = " : "";
  result += syntax.name;
  for (const Operand operand : syntax.operands) result += form(operand);
  if (syntax.result == Result::needed) result += " -> REGISTER";
  if (syntax.result == Result::may) result += " [-> REGISTER]";
  return result;
}

namespace {
template <typename Enum, std::size_t N>
std::string_view entry(const std::string_view (&names)[N], Enum value) {
  return names[static_cast<std::size_t>(value)];
}
}  // namespace

std::string_view name(Protection protection) {
  static constexpr std::string_view names[] = {"none", "ro", "rw"};
  return entry(names, protection);
}
std::string_view name(Phase phase) {
  static constexpr std::string_view names[] = {"begin", "end"};
  return entry(names, phase);
}
std::string_view name(WpMode mode) {
  static constexpr std::string_view names[] = {"", "async", "unpopulated"};
  return entry(names, mode);
}
std::string_view name(PageKind kind) {
  static constexpr std::string_view names[] = {"page", "huge", "folio", "hugetlb"};
  return entry(names, kind);
}
std::string_view name(Attribute attribute) {
  static constexpr std::string_view names[] = {"zero",    "file",     "shared",   "ksm",
                                               "swapped", "readonly", "unmapped", "continued"};
  return entry(names, attribute);
}
std::string_view name(Swap swap) {
  static constexpr std::string_view names[] = {"ordinary", "synchronous", "stable_writes"};
  return entry(names, swap);
}
std::string_view name(Claim claim) {
  static constexpr std::string_view names[] = {"forbidden", "exists", "allowed", "always"};
  return entry(names, claim);
}
std::string_view name(Comparison comparison) {
  static constexpr std::string_view names[] = {"=", "!=", "<=", ">="};
  return entry(names, comparison);
}
std::string_view name(Memory memory) {
  static constexpr std::string_view names[] = {"sc", "tso", "ra"};
  return entry(names, memory);
}
std::string_view name(Verdict verdict) {
  static constexpr std::string_view names[] = {"never", "sometimes", "always",
                                               "hang",  "broken",    "-"};
  return entry(names, verdict);
}

}  // namespace lab::litmus
