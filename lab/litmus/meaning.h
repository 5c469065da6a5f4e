// What each word of the language means, for who writes a test in an editor.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lab/litmus/test.h"

namespace lab::litmus {

/// Where a word stands.
enum class Part : std::uint8_t {
  head,       ///< begins a line of the head, or of what is expected at the end
  page,       ///< begins a page
  attribute,  ///< says more of a page, or of what swap lies on
  process,    ///< processes, threads and blocks
  statement,  ///< a thread does it
  way,        ///< says more of a statement
  claim,      ///< begins the end
  condition,  ///< is asked of an end
  verdict,    ///< is expected of a judge, or says under which memory model
};

struct Meaning {
  std::string name;   ///< "write"
  std::string form;   ///< "write PAGE[.b] NUMBER"
  std::string about;  ///< "store, with every fault that it takes"
  Part part;
};

/// Every word that the parser knows, in the order in which they come up in a file. The words are
/// those of vocabulary.h; a word without a meaning does not compile.
std::vector<Meaning> meanings();

std::string_view name(Part part);

}  // namespace lab::litmus
