// Completion for bash: one function that finds the command on the line, and then what may follow.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tools/manual/pages.h"

namespace cleave::manual {
namespace {

// Nothing but the options' own names and values differs from command to command.
constexpr const char* kFunction = R"bash(
_cleave() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=cleave words i
  # An equals sign is a word of its own here: --tracking = async.
  if [[ $word == = ]]; then
    word=
  elif [[ $before == = ]]; then
    before=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; ++i)); do
    [[ -z $(_cleave_options "$command ${COMP_WORDS[i]}") ]] || command+=" ${COMP_WORDS[i]}"
  done
  if ! words=$(_cleave_values "$command" "$before"); then
    if [[ $word == -* ]]; then
      words=$(_cleave_options "$command")
    else
      words=$(_cleave_arguments "$command")
    fi
  fi
  mapfile -t COMPREPLY < <(compgen -W "${words/FILE/}" -- "$word")
  if [[ $words == *FILE ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$word")
  fi
}
complete -F _cleave cleave
)bash";

std::vector<std::string> option_names(const Command& command) {
  std::vector<std::string> names;
  for (const Option& option : command.options)
    if (option.kind != Kind::argument)
      names.insert(names.end(), option.names.begin(), option.names.end());
  return names;
}

// The subcommands that stand right below it, and FILE where one may be given.
std::vector<std::string> argument_words(const Command& command, const Programs& all) {
  std::vector<std::string> words;
  for (const Command& below : commands_below(command, all)) words.push_back(last_word(below));
  if (command.name == "cleave") words.emplace_back("help");
  if (may_take_file(command)) words.emplace_back("FILE");
  return words;
}

std::string one_case(const std::string& pattern, const std::string& words) {
  return fmt::format("    {}) echo '{}' ;;\n", pattern, words);
}

}  // namespace

std::string bash_completion(const Programs& all) {
  std::string options;
  std::string arguments;
  std::string values;
  for (const Command& command : all_commands(all)) {
    const std::string quoted = fmt::format("'{}'", command.name);
    options += one_case(quoted, fmt::format("{}", fmt::join(option_names(command), " ")));
    arguments += one_case(quoted, fmt::format("{}", fmt::join(argument_words(command, all), " ")));
    for (const Option& option : command.options) {
      if (option.kind != Kind::value) continue;
      for (const std::string& name : option.names)
        values += one_case(
            fmt::format("'{} {}'", command.name, name),
            option.takes_file() ? "FILE" : fmt::format("{}", fmt::join(option.choices, " ")));
    }
  }
  return "# Completion of cleave for bash; made by tools/manual from the options of the commands.\n"
         "_cleave_options() {\n  case $1 in\n" +
         options + "  esac\n}\n\n" + "_cleave_arguments() {\n  case $1 in\n" + arguments +
         "  esac\n}\n\n" +
         "# Fails where the option takes no value.\n"
         "_cleave_values() {\n  case \"$1 $2\" in\n" +
         values + "    *) return 1 ;;\n  esac\n}\n" + kFunction;
}

}  // namespace cleave::manual
