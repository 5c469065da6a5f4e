// Completion for fish: a line for each option, with the command that it belongs to.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tools/manual/pages.h"

namespace cleave::manual {
namespace {

std::string quoted(const std::string& text) {
  std::string safe;
  for (const char c : text)
    safe += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return "'" + safe + "'";
}

// Whether the line stands at this command, at no command below it.
std::string where(const Command& command) {
  return fmt::format("complete -c cleave -n {}", quoted("__cleave_is_at " + command.name));
}

std::string line(const Command& command, const Option& option) {
  std::string text = where(command);
  for (const std::string& name : option.names)
    text += name.starts_with("--") ? fmt::format(" -l {}", name.substr(2))
                                   : fmt::format(" -s {}", name.substr(1));
  if (option.kind == Kind::value) text += option.takes_file() ? " -r -F" : " -x";
  if (!option.choices.empty())
    text += fmt::format(" -a {}", quoted(fmt::format("{}", fmt::join(option.choices, " "))));
  return fmt::format("{} -d {}\n", text, quoted(option.what));
}

std::string lines(const Command& command, const Programs& all) {
  std::string text;
  for (const Option& option : command.options)
    if (option.kind != Kind::argument) text += line(command, option);
  for (const Command& below : commands_below(command, all))
    text += fmt::format("{} -a {} -d {}\n", where(command), last_word(below), quoted(below.what));
  if (may_take_file(command)) text += where(command) + " -F\n";
  return text;
}

constexpr const char* kFunction = R"fish(
# Whether the words before the cursor name just this command.
function __cleave_is_at
    set -l at cleave
    for word in (commandline -opc)[2..]
        if contains -- "$at $word" $__cleave_commands
            set at "$at $word"
        end
    end
    test "$at" = "$argv"
end

complete -c cleave -f
)fish";

}  // namespace

std::string fish_completion(const Programs& all) {
  std::vector<std::string> names;
  std::string text;
  for (const Command& command : all_commands(all)) {
    if (command.name != "cleave") names.push_back(quoted(command.name));
    text += lines(command, all);
  }
  return fmt::format(
      "# Completion of cleave for fish; made by tools/manual from the options of the commands.\n"
      "set -g __cleave_commands {}\n{}{}",
      fmt::join(names, " "), kFunction, text);
}

}  // namespace cleave::manual
