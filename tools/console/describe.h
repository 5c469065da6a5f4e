// What a command's parser knows of it, as lines of text: what man pages and completions are made
// of.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

namespace cleave::console {

/// A program that is started with this alone describes itself. It is not listed: people read
/// --help, and this is for tools/manual.
inline constexpr std::string_view kDescribe = "--describe";

/// Prints, with tabs between the fields,
///   command  <name>  <what it does>
///   option   <names, or that of a positional one>  <flag, value or argument>  <type and limits>
///            <default>  <required or not: 1 or 0>  <may be repeated: 1 or 0>  <what it does>
///   text     <a line of what --help ends with>
/// for the command, in that order, and then for each of its subcommands. `name` is what people
/// type: "cleave demo".
inline void describe(const CLI::App& command, const std::string& name) {
  std::printf("command\t%s\t%s\n", name.c_str(), command.get_description().c_str());
  for (const CLI::Option* option : command.get_options()) {
    const bool positional = option->get_positional();
    const bool flag = option->get_items_expected_max() == 0;
    std::printf("option\t%s\t%s\t%s\t%s\t%d\t%d\t%s\n", option->get_name(positional, true).c_str(),
                positional ? "argument"
                : flag     ? "flag"
                           : "value",
                flag ? "" : option->get_type_name().c_str(),
                flag ? "" : option->get_default_str().c_str(), option->get_required() ? 1 : 0,
                !flag && option->get_expected_max() > 1 ? 1 : 0, option->get_description().c_str());
  }
  const std::string footer = command.get_footer();
  for (std::size_t at = 0; at < footer.size();) {
    const std::size_t end = std::min(footer.find('\n', at), footer.size());
    std::printf("text\t%s\n", footer.substr(at, end - at).c_str());
    at = end + 1;
  }
  for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
    describe(*sub, name + ' ' + sub->get_name());
  }
}

}  // namespace cleave::console
