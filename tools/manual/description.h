// A command as it describes itself (tools/console/describe.h), read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cleave::manual {

enum class Kind { flag, value, argument };

struct Option {
  std::vector<std::string> names;  ///< {"-v", "--verbose"}; an argument's is one word: {"FILE"}
  Kind kind = Kind::flag;
  std::string word;                  ///< what stands for the value: "N"; of a flag: nothing
  std::vector<std::string> choices;  ///< the values, where they can be listed
  std::string limits;                ///< "1 to 256"; where there are none: nothing
  std::string fallback;              ///< the value where none is given, if it has one
  bool required = false;
  bool repeated = false;
  std::string what;

  /// Whether the value is a file's path.
  [[nodiscard]] bool takes_file() const;
};

struct Command {
  std::string name;  ///< what people type: "cleave demo space"
  std::string what;
  std::string about;  ///< more of it, in sentences, if there is more
  std::vector<Option> options;
  std::vector<std::string> text;  ///< lines that its help ends with
};

/// A program: its command, then its subcommands.
using Program = std::vector<Command>;

/// All that is described: `cleave` itself is the first.
using Programs = std::vector<Program>;

/// "space" of "cleave demo space".
std::string last_word(const Command& command);
/// Whether a file's path may be one of its arguments.
bool may_take_file(const Command& command);
/// "cleave-demo", as the program and its page are called.
std::string program_name(const Program& program);
std::vector<Command> all_commands(const Programs& all);
/// Those that are named by one word after its own.
std::vector<Command> commands_below(const Command& command, const Programs& all);

/// What `describe()` printed. Throws std::runtime_error with the line that cannot be read.
Program read(std::string_view description);

}  // namespace cleave::manual
