// Man pages, in the macros of man(7).
#include <algorithm>
#include <cctype>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tools/console/exit.h"
#include "tools/manual/pages.h"

namespace cleave::manual {
namespace {

// Text as roff shows it: what is typed keeps its hyphens, and no line begins as a request does.
std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '\\')
      safe += "\\e";
    else if (c == '-')
      safe += "\\-";
    else if (c == '\'')
      safe += "\\(aq";
    else if (c == '`')
      safe += "\\(ga";
    else
      safe += c;
  }
  return safe.starts_with('.') ? "\\&" + safe : safe;
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

std::string usage(const Command& command) {
  std::string line = fmt::format(".B {}\n[\\fIOPTIONS\\fR]", escaped(command.name));
  for (const Option& option : command.options) {
    if (option.kind != Kind::argument) continue;
    const std::string word = fmt::format("\\fI{}\\fR{}", option.word, option.repeated ? "..." : "");
    line += option.required ? ' ' + word : fmt::format(" [{}]", word);
  }
  return line + '\n';
}

std::string synopsis(const Program& program) {
  std::string text = ".SH SYNOPSIS\n";
  for (const Command& command : program) {
    if (&command != &program.front()) text += ".br\n";
    text += usage(command);
  }
  return text;
}

std::string description(const Command& command) {
  return ".SH DESCRIPTION\n" +
         escaped(command.about.empty() ? command.what + ".\n" : command.about);
}

// "\fB\-v\fR, \fB\-\-verbose\fR", "\fB\-\-seed\fR \fIN\fR"
std::string heading(const Option& option) {
  if (option.kind == Kind::argument) return fmt::format("\\fI{}\\fR", option.word);
  std::vector<std::string> names;
  for (const std::string& name : option.names) names.push_back("\\fB" + escaped(name) + "\\fR");
  const std::string word =
      option.kind == Kind::value ? fmt::format(" \\fI{}\\fR", option.word) : "";
  return fmt::format("{}{}", fmt::join(names, ", "), word);
}

bool lists(const std::string& text, const std::vector<std::string>& choices) {
  return std::ranges::all_of(
      choices, [&](const std::string& one) { return text.find(one) != std::string::npos; });
}

std::string meaning(const Option& option) {
  std::string text = escaped(option.what) + ".\n";
  std::vector<std::string> more;
  if (!option.limits.empty()) more.push_back(option.limits);
  if (!lists(option.what, option.choices))
    more.push_back(fmt::format("one of {}", fmt::join(option.choices, ", ")));
  if (!option.fallback.empty()) more.push_back("by default " + option.fallback);
  if (option.repeated && option.kind == Kind::value) more.push_back("may be given several times");
  if (!more.empty())
    text += fmt::format("({})\n", escaped(fmt::format("{}", fmt::join(more, "; "))));
  return text;
}

std::string options(const Command& command) {
  std::string text;
  for (const Option& option : command.options)
    text += fmt::format(".TP\n{}\n{}", heading(option), meaning(option));
  return text;
}

// A line that ends in a colon begins a section; what follows it is shown as it stands.
std::string sections(const std::vector<std::string>& lines) {
  std::string text;
  bool open = false;
  for (const std::string& line : lines) {
    if (!line.ends_with(':') || line.starts_with(' ')) {
      if (open && !line.empty()) text += escaped(line) + '\n';
      continue;
    }
    if (open) text += ".fi\n";
    text += fmt::format(".SH {}\n.nf\n", escaped(upper(line.substr(0, line.size() - 1))));
    open = true;
  }
  return open ? text + ".fi\n" : text;
}

std::string subcommands(const Program& program) {
  if (program.size() == 1) return {};
  std::string text = ".SH SUBCOMMANDS\n";
  for (const Command& command : program) {
    if (&command == &program.front()) continue;
    text += fmt::format(".SS {}\n{}.\n{}", escaped(command.name), escaped(command.what),
                        options(command));
  }
  return text;
}

std::string statuses() {
  std::string text = ".SH EXIT STATUS\n";
  for (const auto& [status, what] : console::kStatusMeanings)
    text += fmt::format(".TP\n{}\n{}\n", status, escaped(what));
  return text;
}

// The commands of `cleave` itself, each with its own page.
std::string commands(const Program& program, const Programs& all) {
  if (&program != &all.front()) return {};
  std::string text = ".SH COMMANDS\n";
  for (const Program& other : all) {
    if (&other == &program) continue;
    text += fmt::format(".TP\n.BR {} (1)\n{}.\n", escaped(program_name(other)),
                        escaped(other.front().what));
  }
  return text;
}

std::string see_also(const Program& program, const Programs& all) {
  std::vector<std::string> others;
  for (const Program& other : all)
    if (&other != &program)
      others.push_back(fmt::format(".BR {} (1)", escaped(program_name(other))));
  return fmt::format(".SH SEE ALSO\n{}\n", fmt::join(others, ",\n"));
}

}  // namespace

std::string man_page(const Program& program, const Programs& all, const Edition& edition) {
  const Command& command = program.front();
  const std::string name = program_name(program);
  return fmt::format(
             ".\\\" Made by tools/manual from the options of the command.\n"
             ".TH {} 1 {} \"cleave {}\" \"User Commands\"\n.SH NAME\n{} \\- {}\n",
             escaped(upper(name)), edition.date, edition.version, escaped(name),
             escaped(command.what)) +
         synopsis(program) + description(command) + ".SH OPTIONS\n" + options(command) +
         commands(program, all) + subcommands(program) + sections(command.text) + statuses() +
         see_also(program, all);
}

}  // namespace cleave::manual
