#include "lab/judge/plan.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "lab/litmus/print.h"
#include "lab/portable/ranges.h"

namespace lab::judge {
namespace {

model::SwapDevice device_of(litmus::Swap swap) {
  switch (swap) {
    case litmus::Swap::synchronous:
      return model::SwapDevice::synchronous;
    case litmus::Swap::stable_writes:
      return model::SwapDevice::stable_writes;
    case litmus::Swap::ordinary:
      break;
  }
  return model::SwapDevice::ordinary;
}

using litmus::Word;

// The place of `name` in `names`, where it is put if it was not there.
std::uint32_t index_of(std::vector<std::string>& names, const std::string& name) {
  const auto found = ranges::find(names, name);
  const auto index = static_cast<std::uint32_t>(found - names.begin());
  if (found == names.end()) names.push_back(name);
  return index;
}

model::PageSetup setup_of(const litmus::Page& page) {
  model::PageSetup setup;
  setup.name = page.name;
  setup.value = static_cast<model::Value>(page.value);
  setup.pages = page.count;
  setup.by_pmd = page.kind == litmus::PageKind::huge;
  setup.hugetlb = page.kind == litmus::PageKind::hugetlb;
  setup.held = page.held;
  for (const litmus::Attribute attribute : page.attributes) {
    switch (attribute) {
      case litmus::Attribute::zero:
        setup.kind = model::PageKind::zero;
        break;
      case litmus::Attribute::file:
        setup.kind = model::PageKind::file;
        break;
      case litmus::Attribute::shared:
        setup.kind = model::PageKind::shared;
        break;
      case litmus::Attribute::ksm:
        setup.kind = model::PageKind::ksm;
        break;
      case litmus::Attribute::swapped:
        setup.swapped = true;
        break;
      case litmus::Attribute::readonly:
        setup.readonly = true;
        break;
      case litmus::Attribute::unmapped:
        setup.unmapped = true;
        break;
      case litmus::Attribute::continued:
        setup.continued = true;
        break;
    }
  }
  return setup;
}

class Planner {
 public:
  explicit Planner(const litmus::Test& test) { plan_.test = &test; }

  tl::expected<Plan, litmus::Diagnostic> plan() {
    const litmus::Test& test = *plan_.test;
    pages(test);
    for (const litmus::Process& process : test.processes) plan_.processes.push_back(process.name);
    for (const litmus::Process& process : test.processes) this->process(process);
    quantities(test.final.condition);
    plan_.setup.processes = static_cast<std::uint32_t>(plan_.processes.size());
    plan_.setup.cpus = static_cast<std::uint32_t>(plan_.threads.size());
    plan_.setup.references = static_cast<std::uint32_t>(plan_.references.size());
    if (auto wrong = fault()) return tl::unexpected(std::move(*wrong));
    return std::move(plan_);
  }

 private:
  void pages(const litmus::Test& test) {
    for (const litmus::Page& page : test.pages) {
      plan_.setup.pages.push_back(setup_of(page));
      plan_.page_names.push_back(page.name);
    }
    plan_.setup.swap = device_of(test.swap);
    if (test.free_hugetlb) plan_.setup.free_hugetlb = *test.free_hugetlb;
  }

  // The page at fault is the first that makes the start impossible.
  std::optional<litmus::Diagnostic> fault() {
    std::optional<std::string> what = plan_.setup.problem();
    if (!what) return std::nullopt;
    litmus::Where at = plan_.test->at;
    model::Setup some = plan_.setup;
    some.pages.clear();
    for (std::size_t i = 0; i < plan_.setup.pages.size() && !some.problem(); ++i) {
      some.pages.push_back(plan_.setup.pages[i]);
      at = plan_.test->pages[i].at;
    }
    return litmus::Diagnostic{at, *what,
                              "docs/reference/litmus.md says what a page can be at the start"};
  }

  void process(const litmus::Process& process) {
    const model::ProcessId id = process_of(process.name);
    for (const litmus::Thread& thread : process.threads) {
      ThreadPlan planned;
      planned.process = id;
      planned.cpu = static_cast<std::uint32_t>(plan_.threads.size());
      planned.name = process.threads.size() == 1 ? process.name : process.name + '.' + thread.name;
      thread_ = process.name + '.' + thread.name;
      planned_ = &planned;
      said_.clear();
      statements(thread.body);
      plan_.threads.push_back(std::move(planned));
    }
  }

  model::ProcessId process_of(const std::string& name) {
    return static_cast<model::ProcessId>(ranges::find(plan_.processes, name) -
                                         plan_.processes.begin());
  }

  // By the thread's whole name: its process may have others.
  std::uint32_t register_of(const std::string& thread, const std::string& name) {
    return index_of(plan_.registers, thread + ':' + name);
  }

  void statements(const std::vector<litmus::Statement>& body) {
    for (const litmus::Statement& statement : body) {
      if (const auto* loop = std::get_if<litmus::Repeat>(&statement.what)) {
        for (std::uint32_t i = 0; i < loop->times; ++i) statements(loop->body);
        continue;
      }
      Instruction instruction;
      instruction.text = litmus::headline(statement);
      // Told apart: a search that compares states knows a thread's place by what it is about.
      if (const unsigned time = ++said_[instruction.text]; time > 1)
        instruction.text += fmt::format(" ({})", time);
      instruction.at = statement.at;
      instruction.label = statement.label;
      if (const auto* branch = std::get_if<litmus::If>(&statement.what)) {
        instruction.reg = register_of(thread_, branch->reg);
        instruction.equal = branch->equal;
        instruction.value = static_cast<model::Value>(branch->value);
        const std::size_t here = planned_->code.size();
        planned_->code.push_back(std::move(instruction));
        statements(branch->body);
        planned_->code[here].otherwise = static_cast<std::uint32_t>(planned_->code.size());
      } else {
        operation(std::get<litmus::Operation>(statement.what), instruction);
        planned_->code.push_back(std::move(instruction));
      }
    }
  }

  struct Range {
    model::ProcessId process;
    model::PageNo first;
    std::uint32_t count;
  };

  Range range(const litmus::Place& place, model::ProcessId own) {
    const auto found = ranges::find(plan_.page_names, place.page);
    const auto index = static_cast<std::size_t>(found - plan_.page_names.begin());
    const model::PageNo first = plan_.setup.first_page(index);
    return {place.process.empty() ? own : process_of(place.process),
            first + place.index.value_or(0), place.index ? 1 : plan_.setup.pages[index].pages};
  }

  void operation(const litmus::Operation& operation, Instruction& instruction) {
    instruction.operation = &operation;
    instruction.process = planned_->process;
    if (!operation.place.page.empty()) {
      const Range at = range(operation.place, planned_->process);
      instruction.process = at.process;
      instruction.page = at.first;
      instruction.pages = at.count;
    }
    if (!operation.other.page.empty()) {
      const Range at = range(operation.other, planned_->process);
      instruction.other_process = at.process;
      instruction.other = at.first;
    }
    if (!operation.result.empty()) instruction.result = register_of(thread_, operation.result);
    constexpr std::string_view kExit = ".exit";
    const std::string& name = operation.name;
    switch (operation.word) {
      case Word::signal:
        instruction.signal = index_of(plan_.signals, name);
        break;
      case Word::wait:
        if (name.ends_with(kExit))
          instruction.child = process_of(name.substr(0, name.size() - kExit.size()));
        else
          instruction.signal = index_of(plan_.signals, name);
        break;
      case Word::fork:
        instruction.child = process_of(name);
        break;
      case Word::get:
      case Word::pin:
      case Word::peek:
      case Word::poke:
      case Word::drop:
        instruction.reference = index_of(plan_.references, name);
        break;
      default:
        break;
    }
  }

  void quantities(const litmus::Condition& condition) {
    for (const litmus::Condition& part : condition.parts) quantities(part);
    if (condition.kind != litmus::Condition::Kind::atom) return;
    const litmus::Atom& atom = condition.atom;
    const std::string text = subject(atom);
    if (ranges::find(plan_.quantities, text, &Quantity::text) != plan_.quantities.end()) return;
    Quantity quantity;
    quantity.text = text;
    quantity.atom = &atom;
    if (atom.kind == litmus::AtomKind::reg)
      quantity.reg = register_of(atom.process + '.' + atom.thread, atom.name);
    if (atom.kind == litmus::AtomKind::coherent)
      quantity.reference = index_of(plan_.references, atom.name);
    if (atom.kind == litmus::AtomKind::killed) quantity.process = process_of(atom.process);
    if (!atom.place.page.empty()) {
      const Range at = range(atom.place, 0);
      quantity.process = at.process;
      quantity.page = at.first;
      quantity.pages = at.count;
    }
    if (!atom.other.page.empty()) {
      const Range at = range(atom.other, 0);
      quantity.other_process = at.process;
      quantity.other = at.first;
    }
    plan_.quantities.push_back(std::move(quantity));
  }

 public:
  // What an atom asks about, without what it compares with.
  static std::string subject(const litmus::Atom& atom) {
    litmus::Condition whole;
    whole.atom = atom;
    std::string text = litmus::print(whole);
    const bool compares = atom.kind == litmus::AtomKind::reg ||
                          atom.kind == litmus::AtomKind::content ||
                          atom.kind == litmus::AtomKind::copies;
    if (compares) text.resize(text.find(' '));
    return text;
  }

 private:
  Plan plan_;
  std::string thread_;
  std::map<std::string, unsigned> said_;  // by the thread so far
  ThreadPlan* planned_ = nullptr;
};

bool compare(litmus::Comparison comparison, std::uint64_t left, std::uint64_t right) {
  switch (comparison) {
    case litmus::Comparison::equal:
      return left == right;
    case litmus::Comparison::unequal:
      return left != right;
    case litmus::Comparison::at_most:
      return left <= right;
    case litmus::Comparison::at_least:
      return left >= right;
  }
  return false;
}

}  // namespace

tl::expected<Plan, litmus::Diagnostic> plan(const litmus::Test& test) {
  return Planner(test).plan();
}

bool holds(const litmus::Condition& condition, const Plan& plan,
           const std::vector<std::uint64_t>& answers) {
  using Kind = litmus::Condition::Kind;
  const auto part_holds = [&](const litmus::Condition& part) { return holds(part, plan, answers); };
  switch (condition.kind) {
    case Kind::both:
      return ranges::all_of(condition.parts, part_holds);
    case Kind::either:
      return ranges::any_of(condition.parts, part_holds);
    case Kind::no:
      return !part_holds(condition.parts.front());
    case Kind::atom:
      break;
  }
  const litmus::Atom& atom = condition.atom;
  const auto found = ranges::find(plan.quantities, Planner::subject(atom), &Quantity::text);
  const std::uint64_t answer = answers[static_cast<std::size_t>(found - plan.quantities.begin())];
  switch (atom.kind) {
    case litmus::AtomKind::reg:
    case litmus::AtomKind::content:
    case litmus::AtomKind::copies:
      return compare(atom.comparison, answer, atom.value);
    default:
      return answer != 0;
  }
}

}  // namespace lab::judge
