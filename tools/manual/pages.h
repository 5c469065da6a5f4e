// What is written of the commands: a man page each, and completions for three shells.
#pragma once

#include <string>

#include "tools/manual/description.h"

namespace cleave::manual {

/// What stands in the foot of a man page.
struct Edition {
  std::string version;
  std::string date;
};

/// The page of one program in man(7), with references to the others.
std::string man_page(const Program& program, const Programs& all, const Edition& edition);

std::string bash_completion(const Programs& all);
std::string zsh_completion(const Programs& all);
std::string fish_completion(const Programs& all);

}  // namespace cleave::manual
