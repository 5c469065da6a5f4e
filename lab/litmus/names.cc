#include "lab/litmus/names.h"

#include <fmt/format.h>

namespace lab::litmus {
namespace {

class Collector {
 public:
  Collector(Names& names, std::vector<Diagnostic>& diagnostics)
      : names_(names), diagnostics_(diagnostics) {}

  void test(const Test& test) {
    for (const Page& page : test.pages)
      if (!names_.pages.emplace(page.name, &page).second) twice(page.at, "page", page.name);
    for (const Process& process : test.processes) {
      if (!names_.processes.emplace(process.name, &process).second)
        twice(process.at, "process", process.name);
      for (const Thread& thread : process.threads) this->thread(process, thread);
    }
  }

 private:
  void thread(const Process& process, const Thread& thread) {
    ++names_.threads;
    thread_ = {process.name, thread.name};
    if (!names_.registers.emplace(thread_, std::set<std::string>{}).second)
      twice(thread.at, "thread", thread.name);
    statements(thread.body);
  }

  void statements(const std::vector<Statement>& body) {
    for (const Statement& statement : body) {
      ++names_.statements;
      if (!statement.label.empty() && !names_.labels.insert(statement.label).second)
        twice(statement.at, "statement", statement.label);
      if (const auto* operation = std::get_if<Operation>(&statement.what))
        this->operation(statement.at, *operation);
      else if (const auto* branch = std::get_if<If>(&statement.what))
        statements(branch->body);
      else
        statements(std::get<Repeat>(statement.what).body);
    }
  }

  void operation(Where at, const Operation& operation) {
    if (!operation.result.empty()) names_.registers[thread_].insert(operation.result);
    switch (operation.word) {
      case Word::signal:
        names_.signals.insert(operation.name);
        break;
      case Word::exit:
        names_.exits.insert(thread_.first);
        break;
      case Word::fork:
        if (!names_.forks.insert(operation.name).second)
          diagnostics_.push_back({at, fmt::format("process {} is forked twice", operation.name),
                                  "declare another process for the second fork"});
        break;
      case Word::get:
      case Word::pin: {
        const auto [found, fresh] = names_.references.emplace(operation.name, thread_);
        if (!fresh && found->second != thread_)
          diagnostics_.push_back(
              {at, fmt::format("the reference {} is taken by two threads", operation.name),
               "give each thread's reference a name of its own; all threads may use both"});
        if (names_.pages.contains(operation.name))
          diagnostics_.push_back({at, fmt::format("{} is a page already", operation.name),
                                  "give the reference another name"});
        break;
      }
      default:
        break;
    }
  }

  void twice(Where at, std::string_view what, const std::string& name) {
    diagnostics_.push_back(
        {at, fmt::format("there is a {} {} already", what, name), "give it another name"});
  }

  Names& names_;
  std::vector<Diagnostic>& diagnostics_;
  ThreadName thread_;
};

}  // namespace

Names names_of(const Test& test, std::vector<Diagnostic>& diagnostics) {
  Names names;
  Collector(names, diagnostics).test(test);
  return names;
}

}  // namespace lab::litmus
