#include "lab/hunt/program/word.h"

#include <algorithm>

#include <fmt/format.h>

#include "lab/litmus/vocabulary.h"

namespace lab::hunt {
namespace {

using litmus::Access;
using litmus::Word;

std::string text_of(const Access& access) {
  std::string text;
  if (access.write) text += " write";
  if (access.fast) text += " fast";
  if (access.lasting) text += " long";
  return text;
}

Shape plain(Word word) { return {std::string(litmus::syntax(word).name), word}; }
Shape taking(Word word, Access access) {
  Shape shape = plain(word);
  shape.text += text_of(access);
  shape.access = access;
  return shape;
}
Shape protecting(litmus::Protection protection) {
  Shape shape = plain(Word::protect);
  shape.text += fmt::format(" {}", litmus::name(protection));
  shape.protection = protection;
  return shape;
}
Shape writing_back(litmus::Phase phase) {
  Shape shape = plain(Word::writeback);
  shape.text += fmt::format(" {}", litmus::name(phase));
  shape.phase = phase;
  return shape;
}

std::vector<Shape> make() {
  std::vector<Shape> all;
  const auto add = [&](std::initializer_list<Word> words) {
    for (const Word word : words) all.push_back(plain(word));
  };
  add({Word::write, Word::read, Word::force, Word::fork, Word::exit});
  for (const Access& access : {Access{}, Access{.fast = true}, Access{.write = true}})
    all.push_back(taking(Word::get, access));
  for (const Access& access :
       {Access{}, Access{.fast = true}, Access{.write = true}, Access{.write = true, .fast = true},
        Access{.lasting = true}, Access{.write = true, .lasting = true}})
    all.push_back(taking(Word::pin, access));
  add({Word::poke, Word::drop, Word::unmap, Word::map, Word::discard, Word::free});
  all.push_back(protecting(litmus::Protection::ro));
  all.push_back(protecting(litmus::Protection::rw));
  add({Word::dontfork, Word::wipeonfork, Word::wp, Word::unwp, Word::missing, Word::minor,
       Word::uffd_copy, Word::uffd_zeropage, Word::uffd_continue, Word::clear_refs, Word::move,
       Word::swapout, Word::swapoff, Word::merge, Word::unmerge, Word::migrate, Word::split,
       Word::split_pmd, Word::collapse});
  all.push_back(writing_back(litmus::Phase::begin));
  all.push_back(writing_back(litmus::Phase::end));
  add({Word::lock, Word::unlock, Word::lru, Word::drain});
  return all;
}

// What a hunt leaves out unless it is asked for: who is busy with the page is an accident that
// tests of precision set up, and nobody promises what goes through a plain reference.
bool is_usual(const Shape& shape) {
  switch (shape.word) {
    case Word::writeback:
    case Word::lock:
    case Word::unlock:
    case Word::lru:
    case Word::drain:
      return false;
    case Word::get:
      return !shape.access.write;
    default:
      return true;
  }
}

}  // namespace

const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all = make();
  return all;
}

tl::expected<std::vector<Shape>, std::string> parse_shapes(std::string_view text) {
  const std::vector<Shape>& all = shapes();
  std::vector<bool> chosen(all.size());
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    std::string_view name = text.substr(at, end - at);
    at = end + 1;
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    const bool out = name.starts_with('-');
    if (out) name.remove_prefix(1);
    bool known = false;
    for (std::size_t i = 0; i < all.size(); ++i) {
      // A word alone stands for all ways to say it that have no other name.
      const bool meant = name == "all" || (name == "usual" && is_usual(all[i])) ||
                         name == all[i].text || (out && name == litmus::syntax(all[i].word).name);
      if (meant) chosen[i] = !out;
      known |= meant;
    }
    if (known) continue;
    std::string there;
    for (const Shape& shape : all) there += (there.empty() ? "" : ", ") + shape.text;
    return tl::unexpected(
        fmt::format("a hunt has no word \"{}\"; it has all, usual, and {}", name, there));
  }
  std::vector<Shape> result;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (chosen[i]) result.push_back(all[i]);
  return result;
}

}  // namespace lab::hunt
