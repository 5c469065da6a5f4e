#include "lab/judge/unmodelled.h"

#include <algorithm>
#include <functional>

#include "lab/portable/ranges.h"

namespace lab::judge {
namespace {

using litmus::Attribute;
using litmus::Operation;
using litmus::Word;

bool has(const litmus::Page& page, Attribute attribute) {
  return ranges::count(page.attributes, attribute) != 0;
}

bool of_a_file(const litmus::Page& page) {
  return has(page, Attribute::file) || has(page, Attribute::shared);
}

// What a test does, by thread.
class Words {
 public:
  explicit Words(const litmus::Test& test) : test_(test) {
    for (const litmus::Process& process : test.processes)
      for (const litmus::Thread& thread : process.threads) {
        threads_.emplace_back();
        collect(thread.body);
      }
  }

  using Is = std::function<bool(const Operation&)>;

  [[nodiscard]] bool any(const Is& is) const {
    return ranges::any_of(threads_, [&](const auto& thread) { return does(thread, is); });
  }
  /// Whether one thread does the one while another may do the other.
  [[nodiscard]] bool apart(const Is& one, const Is& other) const {
    for (std::size_t i = 0; i < threads_.size(); ++i)
      for (std::size_t j = 0; j < threads_.size(); ++j)
        if (i != j && does(threads_[i], one) && does(threads_[j], other)) return true;
    return false;
  }
  /// Whether KSM is asked to merge it.
  [[nodiscard]] bool merges(const litmus::Page& page) const {
    return any([&](const Operation& operation) {
      return operation.word == Word::merge &&
             (operation.place.page == page.name || operation.other.page == page.name);
    });
  }
  [[nodiscard]] const litmus::Page* page_of(const Operation& operation) const {
    const auto found = ranges::find(test_.pages, operation.place.page, &litmus::Page::name);
    return found == test_.pages.end() ? nullptr : &*found;
  }

 private:
  using Thread = std::vector<const Operation*>;

  static bool does(const Thread& thread, const Is& is) {
    return ranges::any_of(thread, [&](const Operation* each) { return is(*each); });
  }

  void collect(const std::vector<litmus::Statement>& body) {
    for (const litmus::Statement& statement : body) {
      if (const auto* branch = std::get_if<litmus::If>(&statement.what))
        collect(branch->body);
      else if (const auto* loop = std::get_if<litmus::Repeat>(&statement.what))
        collect(loop->body);
      else
        threads_.back().push_back(&std::get<Operation>(statement.what));
    }
  }

  const litmus::Test& test_;
  std::vector<Thread> threads_;
};

auto word_is(Word word) {
  return [word](const Operation& operation) { return operation.word == word; };
}

bool touches_memory(const Operation& operation) {
  switch (operation.word) {
    case Word::fork:
    case Word::exit:
    case Word::signal:
    case Word::wait:
    case Word::peek:
    case Word::poke:
    case Word::drop:
      return false;
    default:
      return true;
  }
}

bool without_locks(const Operation& operation) {
  return (operation.word == Word::get || operation.word == Word::pin) && operation.access.fast;
}

bool is_linux_before(const Variant& variant, std::string_view rules) {
  for (const model::RuleSet& set : model::rule_sets()) {
    if (set.name == rules) return false;
    if (set.name == variant.base) return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> unmodelled(const litmus::Test& test, const Variant& variant) {
  const Words words(test);
  // What the rule-set is without its changes: a change is there to be noticed.
  const model::Rules base = *model::parse_rules(variant.base);
  const bool merges = base.merging != model::Merging::never;
  if (!merges && ranges::any_of(test.pages,
                                [](const litmus::Page& page) { return has(page, Attribute::ksm); }))
    return "no page is merged there, so none is at the start";
  if (words.any([&](const Operation& operation) {
        const litmus::Page* page = words.page_of(operation);
        return operation.word == Word::migrate && page != nullptr &&
               (of_a_file(*page) || page->kind == litmus::PageKind::hugetlb);
      }))
    return "the model moves anonymous pages alone, none of files or of hugetlb";
  if (words.any([&](const Operation& operation) {
        const litmus::Page* page = words.page_of(operation);
        return operation.word == Word::swapout && page != nullptr &&
               (of_a_file(*page) || has(*page, Attribute::ksm) || words.merges(*page));
      }))
    return "the model swaps out no pages of files, and no merged ones";
  if (base.uffd_async == model::Flag::no &&
      words.any([](const Operation& operation) { return operation.mode != litmus::WpMode::waits; }))
    return "`wp` with `async` came with Linux 6.7, with `unpopulated` with 6.4";
  if (base.uffd_continue == model::UffdContinue::missing &&
      (words.any(word_is(Word::minor)) || words.any(word_is(Word::uffd_continue))))
    return "minor faults and UFFDIO_CONTINUE came with Linux 5.13 and 5.14";
  if (is_linux_before(variant, "E1a") && words.apart(word_is(Word::collapse), without_locks))
    return "before 6.1 a collapse and a lockless reference met in a level of page tables that the "
           "model has not (70cbc3cc78a9)";
  const bool swaps =
      words.any(word_is(Word::swapout)) || ranges::any_of(test.pages, [](const litmus::Page& page) {
        return has(page, Attribute::swapped);
      });
  const bool looks_behind = variant.base == "E1c" || variant.base == "E1";
  if (looks_behind && swaps && words.apart(word_is(Word::uffd_move), touches_memory))
    return "until 6.15 UFFDIO_MOVE looked up the swap cache too early (CVE-2025-38242), and the "
           "model has no such step";
  return std::nullopt;
}

}  // namespace lab::judge
