#include "adapters/program/control/commands.h"

#include <algorithm>

#include "adapters/program/kernel/digits.h"

namespace cleave::program {
namespace {

constexpr std::string_view kHelp =
    "ok\n"
    "commit [NAME]   remember this moment\n"
    "checkout NAME   go to a moment, by its name or number\n"
    "revert          go to the moment that the program stands at\n"
    "log             list the moments\n"
    "forget NAME     let go of a moment\n"
    "hash on|off     say with each answer what the memory holds, as one number\n";

std::string label(const Moment& moment) {
  std::string text = std::to_string(moment.number);
  if (!moment.name.empty()) text += " " + moment.name;
  return text;
}

std::string pages(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " page" : " pages");
}

std::string log_of(const Program& program) {
  std::string text = "ok\n";
  for (const SharedMoment& moment : program.moments().all()) {
    text += label(*moment) + ": " + pages(moment->commit->pages()) +
            (moment == program.head() ? ", the program stands here\n" : "\n");
  }
  return text;
}

std::string checked_out(Program& program, const std::string& name) {
  const SharedMoment moment = program.moments().find(name);
  if (moment == nullptr) return "no: there is no commit " + name + "; log lists them\n";
  return text_of(program.checkout(moment));
}

std::string set_hash(Program& program, std::string_view to) {
  if (to != "on" && to != "off") return "no: say hash on, or hash off\n";
  program.hash_outcomes(to == "on");
  return "ok\n";
}

}  // namespace

std::string text_of(const Answer& answer) {
  if (!answer) return "no: " + answer.error() + "\n";
  std::string text = "ok " + label(*answer->moment) + ": " + pages(answer->pages);
  if (answer->hash) text += ", hash " + hexadecimal(*answer->hash);
  text += "\n";
  for (const std::string& line : answer->told) text += "told: " + line + "\n";
  return text;
}

std::string answer_to(Program& program, std::string_view line) {
  const std::size_t space = std::min(line.find(' '), line.size());
  const std::string_view verb = line.substr(0, space);
  const std::string rest(line.substr(std::min(space + 1, line.size())));
  if (verb == "commit") return text_of(program.commit(rest));
  if (verb == "checkout") return checked_out(program, rest);
  if (verb == "revert") {
    if (program.head() == nullptr) return "no: there is no commit yet\n";
    return text_of(program.checkout(program.head()));
  }
  if (verb == "log") return log_of(program);
  if (verb == "forget") {
    return program.forget(rest) ? "ok\n" : "no: there is no commit " + rest + "; log lists them\n";
  }
  if (verb == "hash") return set_hash(program, rest);
  if (verb == "help") return std::string(kHelp);
  return "no: there is no command " + std::string(verb) + "; help lists them\n";
}

}  // namespace cleave::program
