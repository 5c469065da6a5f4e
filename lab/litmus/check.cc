#include "lab/litmus/check.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "lab/litmus/names.h"
#include "lab/litmus/vocabulary.h"
#include "lab/portable/ranges.h"

namespace lab::litmus {
namespace {

constexpr std::size_t kMostThreads = 16;
constexpr std::uint32_t kMostPages = 64;
constexpr std::size_t kMostStatements = 10'000;
constexpr std::uint64_t kMostSteps = 100'000;
constexpr std::uint64_t kLargestValue = 0xffff'ffff;

template <typename Names>
std::string list(const Names& names) {
  std::vector<std::string> all;
  for (const auto& each : names) {
    if constexpr (requires { each.first; })
      all.push_back(each.first);
    else
      all.push_back(each);
  }
  return all.empty() ? "none" : fmt::format("{}", fmt::join(all, ", "));
}

class Checker {
 public:
  explicit Checker(const Test& test) : test_(test), names_(names_of(test, diagnostics_)) {}

  std::vector<Diagnostic> diagnostics() {
    sizes();
    for (const Page& page : test_.pages) this->page(page);
    for (const Process& process : test_.processes) this->process(process);
    condition(test_.final.condition);
    for (const Reach& reach : test_.reaches)
      if (!names_.labels.contains(reach.label))
        add(reach.at, fmt::format("no statement is called {}", reach.label),
            fmt::format("statements with names: {}; write `{}: ` before one", list(names_.labels),
                        reach.label));
    ranges::stable_sort(diagnostics_, {}, [](const Diagnostic& diagnostic) {
      return std::pair(diagnostic.at.line, diagnostic.at.column);
    });
    return std::move(diagnostics_);
  }

 private:
  void add(Where at, std::string what, std::string advice) {
    diagnostics_.push_back({at, std::move(what), std::move(advice)});
  }

  void sizes() {
    std::uint32_t pages = 0;
    for (const Page& page : test_.pages) pages += page.count;
    if (test_.processes.empty())
      add(test_.final.at, "the test has no process", "write a process: `process P { ... }`");
    if (names_.threads > kMostThreads)
      add(test_.at, fmt::format("{} threads are too many", names_.threads), "16 are the most");
    if (pages > kMostPages)
      add(test_.at, fmt::format("{} pages are too many", pages), "64 are the most");
    if (names_.statements > kMostStatements)
      add(test_.at, fmt::format("{} statements are too many", names_.statements),
          "10,000 are the most");
  }

  void value(Where at, std::uint64_t value) {
    if (value > kLargestValue)
      add(at, fmt::format("the value {} is too large", value), "a value has 32 bits");
  }

  void page(const Page& page) {
    value(page.at, page.value);
    if (page.value != 0 && ranges::count(page.attributes, Attribute::zero))
      add(page.at, fmt::format("the zero page cannot hold {}", page.value), "leave the value out");
  }

  void process(const Process& process) {
    const bool first = &process == &test_.processes.front();
    if (first && !process.parent.empty())
      add(process.at, fmt::format("{} is the first process: it cannot be forked", process.name),
          fmt::format("leave out `from {}`", process.parent));
    if (!first && process.parent.empty())
      add(process.at, fmt::format("who forks {}?", process.name),
          fmt::format("write `process {} from {}`", process.name, test_.processes.front().name));
    if (!first && !process.parent.empty() && !names_.forks.contains(process.name))
      add(process.at, fmt::format("{} is never forked", process.name),
          fmt::format("write `fork {}` where {} does it", process.name, process.parent));
    process_ = &process;
    for (const Thread& thread : process.threads) {
      thread_ = &thread;
      in_repeat_ = false;
      if (steps(thread.body) > kMostSteps)
        add(thread.at, fmt::format("thread {} takes too many steps", thread.name),
            "100,000 are the most; repeat less often");
      statements(thread.body);
    }
  }

  // How many operations a thread performs at most, all repetitions counted; no more than kMostSteps
  // + 1.
  static std::uint64_t steps(const std::vector<Statement>& body) {
    std::uint64_t sum = 0;
    for (const Statement& statement : body) {
      if (const auto* branch = std::get_if<If>(&statement.what))
        sum += steps(branch->body);
      else if (const auto* loop = std::get_if<Repeat>(&statement.what))
        sum += loop->times * steps(loop->body);
      else
        ++sum;
      sum = std::min(sum, kMostSteps + 1);
    }
    return sum;
  }

  void statements(const std::vector<Statement>& body) {
    for (std::size_t i = 0; i < body.size(); ++i) {
      const Statement& statement = body[i];
      if (const auto* branch = std::get_if<If>(&statement.what)) {
        register_of(statement.at, process_->name, thread_->name, branch->reg);
        value(statement.at, branch->value);
        statements(branch->body);
      } else if (const auto* loop = std::get_if<Repeat>(&statement.what)) {
        const bool before = std::exchange(in_repeat_, loop->times > 1 || in_repeat_);
        statements(loop->body);
        in_repeat_ = before;
      } else {
        const auto& operation = std::get<Operation>(statement.what);
        this->operation(statement.at, operation);
        if (operation.word == Word::exit && i + 1 < body.size())
          add(body[i + 1].at, "unreachable: the process has ended", "move `exit` down");
      }
    }
  }

  void operation(Where at, const Operation& operation) {
    for (const Operand operand : syntax(operation.word).operands) {
      switch (operand) {
        case Operand::place:
        case Operand::half:
          place(operation.place);
          break;
        case Operand::other:
          place(operation.other);
          break;
        case Operand::value:
          value(at, operation.value);
          break;
        case Operand::process:
          fork(at, operation.name);
          break;
        case Operand::awaited:
          awaited(at, operation.name);
          break;
        case Operand::reference:
        case Operand::behind:
          reference(at, operation.name);
          break;
        default:
          break;
      }
    }
    if (names_.pages.contains(operation.result))
      add(at, fmt::format("{} is a page, not a register", operation.result),
          "give the register another name");
  }

  void place(const Place& place) {
    const auto found = names_.pages.find(place.page);
    if (found == names_.pages.end())
      return add(place.at, fmt::format("there is no page {}", place.page),
                 fmt::format("pages: {}; add one with `page {} = 0` before the first process",
                             list(names_.pages), place.page));
    if (place.index && *place.index >= found->second->count)
      add(place.at, fmt::format("{} has no page {}", place.page, *place.index),
          found->second->count == 1
              ? fmt::format("{} is one page; a large one is declared with `folio {}[4]`",
                            place.page, place.page)
              : fmt::format("it has pages 0 to {}", found->second->count - 1));
    if (!place.process.empty()) process_of(place.at, place.process);
  }

  const Process* process_of(Where at, const std::string& name) {
    const auto found = names_.processes.find(name);
    if (found != names_.processes.end()) return found->second;
    add(at, fmt::format("there is no process {}", name),
        fmt::format("processes: {}", list(names_.processes)));
    return nullptr;
  }

  void fork(Where at, const std::string& name) {
    const Process* child = process_of(at, name);
    if (child == nullptr) return;
    if (child->parent != process_->name)
      add(at, fmt::format("{} is not declared as a child of {}", name, process_->name),
          fmt::format("declare it with `process {} from {}`", name, process_->name));
    if (in_repeat_)
      add(at, fmt::format("{} would be forked again and again", name),
          "a process is forked once; declare several, and fork each");
  }

  void awaited(Where at, const std::string& label) {
    constexpr std::string_view kExit = ".exit";
    if (label.ends_with(kExit)) {
      const std::string name = label.substr(0, label.size() - kExit.size());
      if (process_of(at, name) != nullptr && !names_.exits.contains(name))
        add(at, fmt::format("{} never ends", name), fmt::format("write `exit` in {}", name));
    } else if (!names_.signals.contains(label)) {
      add(at, fmt::format("no thread signals {}", label),
          fmt::format("signals: {}; or wait for a process with `wait C.exit`",
                      list(names_.signals)));
    }
  }

  void reference(Where at, const std::string& name) {
    if (!names_.references.contains(name))
      add(at, fmt::format("no thread takes the reference {}", name),
          fmt::format("references: {}; take one with `{} = get x` or `{} = pin x`",
                      list(names_.references), name, name));
  }

  void register_of(Where at, const std::string& process, const std::string& thread,
                   const std::string& name) {
    const auto found = names_.registers.find({process, thread});
    if (found != names_.registers.end() && found->second.contains(name)) return;
    add(at, fmt::format("{}.{} sets no register {}", process, thread, name),
        fmt::format("registers of {}.{}: {}", process, thread,
                    found == names_.registers.end() ? "none" : list(found->second)));
  }

  void place_of_a_process(const Place& place) {
    if (place.process.empty())
      add(place.at, fmt::format("whose {}?", place.page),
          fmt::format("name the process: `{}:{}`",
                      test_.processes.empty() ? "P" : test_.processes.front().name, place.page));
    this->place(place);
  }

  void condition(const Condition& condition) {
    for (const Condition& part : condition.parts) this->condition(part);
    if (condition.kind == Condition::Kind::atom) atom(condition.atom);
  }

  void atom(const Atom& atom) {
    value(atom.at, atom.value);
    switch (atom.kind) {
      case AtomKind::reg:
        if (const Process* process = process_of(atom.at, atom.process)) {
          const bool known = ranges::any_of(
              process->threads, [&](const Thread& thread) { return thread.name == atom.thread; });
          if (known)
            register_of(atom.at, atom.process, atom.thread, atom.name);
          else
            add(atom.at, fmt::format("{} has no thread {}", atom.process, atom.thread),
                fmt::format("name one of its threads: `{}.{}:{}`", atom.process,
                            process->threads.front().name, atom.name));
        }
        break;
      case AtomKind::coherent:
        reference(atom.at, atom.name);
        break;
      case AtomKind::killed:
        process_of(atom.at, atom.process);
        break;
      case AtomKind::copies:
        place(atom.place);
        break;
      case AtomKind::same:
        place_of_a_process(atom.other);
        [[fallthrough]];
      default:
        place_of_a_process(atom.place);
        break;
    }
  }

  const Test& test_;
  std::vector<Diagnostic> diagnostics_;
  Names names_;
  const Process* process_ = nullptr;
  const Thread* thread_ = nullptr;
  bool in_repeat_ = false;
};

}  // namespace

std::vector<Diagnostic> check(const Test& test) { return Checker(test).diagnostics(); }

}  // namespace lab::litmus
