// Completion for zsh: a function for each command, in the words of _arguments.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tools/manual/pages.h"

namespace cleave::manual {
namespace {

// In single quotes, within an _arguments specification.
std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '\'')
      safe += "'\\''";
    else if (c == '[' || c == ']' || c == ':' || c == '\\')
      safe += std::string("\\") + c;
    else
      safe += c;
  }
  return safe;
}

std::string function_of(const Command& command) {
  std::string name = "_" + command.name;
  std::ranges::replace(name, ' ', '_');
  return name;
}

std::string action(const Option& option) {
  if (!option.choices.empty()) return fmt::format("({})", fmt::join(option.choices, " "));
  return option.takes_file() ? "_files" : " ";
}

// '(-v --verbose)'{-v,--verbose}'[what]'
std::string specification(const Option& option) {
  const std::string value =
      option.kind == Kind::value ? fmt::format(":{}:{}", option.word, action(option)) : "";
  const std::string what = fmt::format("[{}]{}", escaped(option.what), value);
  const std::string several = option.repeated ? "*" : "";
  if (option.names.size() == 1) return fmt::format("'{}{}{}'", several, option.names.front(), what);
  return fmt::format("'({})'{{{}}}'{}'", fmt::join(option.names, " "), fmt::join(option.names, ","),
                     what);
}

// Lists the commands below with what each does: "_describe command ..."
std::string list_below(const std::vector<Command>& below) {
  std::string text = "  local -a below=(\n";
  for (const Command& command : below)
    text += fmt::format("    '{}:{}'\n", last_word(command), escaped(command.what));
  return text + "  )\n";
}

std::string arguments(const Command& command) {
  std::string text;
  for (const Option& option : command.options)
    if (option.kind != Kind::argument) text += fmt::format(" \\\n    {}", specification(option));
  return text;
}

std::string plain_function(const Command& command) {
  std::string text =
      fmt::format("{}() {{\n  _arguments -S{}", function_of(command), arguments(command));
  if (may_take_file(command)) text += " \\\n    '*:FILE:_files'";
  return text + "\n}\n\n";
}

// Whose first argument may be a command.
std::string function_with_commands(const Command& command, const std::vector<Command>& below) {
  std::string text = fmt::format("{}() {{\n  local curcontext=$curcontext state line\n{}",
                                 function_of(command), list_below(below));
  text +=
      fmt::format("  _arguments -C{} \\\n    '1: :->first' '*:: :->rest'\n", arguments(command));
  text += "  case $state in\n    first)\n      _describe -t commands command below\n";
  if (may_take_file(command)) text += "      _files\n";
  text += "      ;;\n    rest)\n      case $line[1] in\n";
  for (const Command& one : below)
    text += fmt::format("        {}) {} ;;\n", last_word(one), function_of(one));
  if (command.name == "cleave") text += "        help) _describe -t commands command below ;;\n";
  if (may_take_file(command)) text += "        *) _files ;;\n";
  return text + "      esac\n      ;;\n  esac\n}\n\n";
}

}  // namespace

std::string zsh_completion(const Programs& all) {
  std::string text =
      "#compdef cleave\n"
      "# Completion of cleave for zsh; made by tools/manual from the options of the commands.\n\n";
  for (const Command& command : all_commands(all)) {
    const std::vector<Command> below = commands_below(command, all);
    text += below.empty() ? plain_function(command) : function_with_commands(command, below);
  }
  return text + "_cleave \"$@\"\n";
}

}  // namespace cleave::manual
