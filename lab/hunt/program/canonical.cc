#include "lab/hunt/program/canonical.h"

#include <map>

#include <fmt/format.h>

#include "lab/litmus/print.h"
#include "lab/litmus/vocabulary.h"

namespace lab::hunt {
namespace {

using litmus::Operation;
using litmus::Statement;
using litmus::Word;

class Namer {
 public:
  std::string write(const litmus::Test& test) {
    std::string all = fmt::format("swap {}\n", litmus::name(test.swap));
    for (const litmus::Page& page : test.pages) {
      all += fmt::format("{} {} {} {} held {}", litmus::name(page.kind), of("page", page.name),
                         page.count, value(page.value), page.held);
      for (const litmus::Attribute attribute : page.attributes)
        all += fmt::format(" {}", litmus::name(attribute));
      all += '\n';
    }
    for (const litmus::Process& process : test.processes) {
      all += of("process", process.name) + '\n';
      for (const litmus::Thread& thread : process.threads) all += "thread\n" + body(thread.body);
    }
    return all;
  }

 private:
  std::string of(const char* kind, const std::string& name) {
    auto& names = names_[kind];
    return names.try_emplace(name, fmt::format("{}{}", kind, names.size())).first->second;
  }
  std::uint64_t value(std::uint64_t value) {
    return value == 0 ? 0 : values_.try_emplace(value, values_.size() + 1).first->second;
  }

  static bool is_drop(const Statement& statement) {
    const auto* operation = std::get_if<Operation>(&statement.what);
    return operation != nullptr && operation->word == Word::drop;
  }

  std::string body(const std::vector<Statement>& statements) {
    std::size_t count = statements.size();
    while (count > 0 && is_drop(statements[count - 1])) --count;
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      const Statement& statement = statements[i];
      if (const auto* branch = std::get_if<litmus::If>(&statement.what))
        text += fmt::format("if {}\n{}end\n", branch->equal, body(branch->body));
      else if (const auto* loop = std::get_if<litmus::Repeat>(&statement.what))
        text += fmt::format("repeat {}\n{}end\n", loop->times, body(loop->body));
      else
        text += litmus::print(renamed(std::get<Operation>(statement.what))) + '\n';
    }
    return text;
  }

  void rename(litmus::Place& place) {
    if (!place.page.empty()) place.page = of("page", place.page);
    if (!place.process.empty()) place.process = of("process", place.process);
  }

  Operation renamed(Operation operation) {
    rename(operation.place);
    rename(operation.other);
    operation.value = value(operation.value);
    constexpr std::string_view kExit = ".exit";
    const bool of_exit = operation.word == Word::wait && operation.name.ends_with(kExit);
    if (operation.word == Word::fork)
      operation.name = of("process", operation.name);
    else if (of_exit)
      operation.name =
          of("process", operation.name.substr(0, operation.name.size() - kExit.size())) + ".exit";
    else if (operation.word == Word::signal || operation.word == Word::wait)
      operation.name = of("label", operation.name);
    else if (!operation.name.empty())
      operation.name = of("reference", operation.name);
    if (litmus::syntax(operation.word).result == litmus::Result::may) operation.result.clear();
    if (!operation.result.empty()) operation.result = "register";
    return operation;
  }

  std::map<std::string, std::map<std::string, std::string>> names_;
  std::map<std::uint64_t, std::uint64_t> values_;
};

}  // namespace

std::string canonical(const litmus::Test& test) { return Namer().write(test); }

}  // namespace lab::hunt
