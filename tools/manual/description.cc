#include "tools/manual/description.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace cleave::manual {
namespace {

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = std::min(text.find(at), text.size());
    parts.emplace_back(text.substr(0, end));
    if (end == text.size()) return parts;
    text.remove_prefix(end + 1);
  }
}

// The parser's names of types are those of C++.
std::string word_of(const std::string& type) {
  if (type == "INT" || type == "UINT") return "N";
  if (type == "FLOAT") return "X";
  return type;
}

// "{sc,tso}" lists, "INT in [1 - 256]" limits.
void read_check(const std::string& check, Option& option) {
  if (check.starts_with('{')) {
    option.choices = split(std::string_view(check).substr(1, check.size() - 2), ',');
  } else if (const std::size_t open = check.find(" in ["); open != std::string::npos) {
    const std::string range = check.substr(open + 5, check.size() - open - 6);
    const std::size_t middle = range.find(" - ");
    option.limits = range.substr(0, middle) + " to " + range.substr(middle + 3);
  } else if (check == "POSITIVE") {
    option.limits = "more than 0";
  } else if (check == "DIR" || check == "FILE") {
    option.limits = check == "DIR" ? "a folder that is there" : "a file that is there";
  } else {
    throw std::runtime_error("a limit that tools/manual does not know: " + check);
  }
}

Option option_of(const std::vector<std::string>& fields) {
  Option option;
  option.names = split(fields[1], ',');
  option.kind = fields[2] == "flag"    ? Kind::flag
                : fields[2] == "value" ? Kind::value
                                       : Kind::argument;
  const std::vector<std::string> type = split(fields[3], ':');
  option.word = option.kind == Kind::argument ? option.names.front() : word_of(type.front());
  for (std::size_t i = 1; i < type.size(); ++i) read_check(type[i], option);
  option.fallback = fields[4];
  option.required = fields[5] == "1";
  option.repeated = fields[6] == "1";
  option.what = fields[7];
  return option;
}

}  // namespace

bool Option::takes_file() const {
  static constexpr std::array<std::string_view, 2> kFiles{"FILE", "DB"};
  return std::ranges::find(kFiles, word) != kFiles.end();
}

std::string last_word(const Command& command) {
  return command.name.substr(command.name.rfind(' ') + 1);
}

bool may_take_file(const Command& command) {
  return std::ranges::any_of(command.options, [](const Option& option) {
    return option.kind == Kind::argument && option.takes_file();
  });
}

std::string program_name(const Program& program) {
  std::string name = program.front().name;
  std::ranges::replace(name, ' ', '-');
  return name;
}

std::vector<Command> all_commands(const Programs& all) {
  std::vector<Command> commands;
  for (const Program& program : all)
    commands.insert(commands.end(), program.begin(), program.end());
  return commands;
}

std::vector<Command> commands_below(const Command& command, const Programs& all) {
  std::vector<Command> below = all_commands(all);
  std::erase_if(
      below, [&](const Command& one) { return one.name != command.name + ' ' + last_word(one); });
  return below;
}

Program read(std::string_view description) {
  Program program;
  for (const std::string& line : split(description, '\n')) {
    const std::vector<std::string> fields = split(line, '\t');
    if (fields[0] == "command" && fields.size() == 3) {
      program.push_back(
          {.name = fields[1], .what = fields[2], .about = {}, .options = {}, .text = {}});
    } else if (fields[0] == "option" && fields.size() == 8 && !program.empty()) {
      program.back().options.push_back(option_of(fields));
    } else if (fields[0] == "text" && fields.size() == 2 && !program.empty()) {
      program.back().text.push_back(fields[1]);
    } else if (!line.empty()) {
      throw std::runtime_error("not a line of a description: " + line);
    }
  }
  return program;
}

}  // namespace cleave::manual
