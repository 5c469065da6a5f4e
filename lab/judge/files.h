// Test files: found, read, parsed and checked.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "lab/litmus/diagnostic.h"
#include "lab/litmus/test.h"

namespace lab::judge {

struct TestFile {
  std::string path;
  /// How a command on another machine would name it: relative, or as a test of the catalogue.
  std::string said;
  std::string name;  ///< the file's, with its folder's: "leak/child-get-unmap"
  litmus::Test test;
};

using TestFiles = std::vector<std::unique_ptr<TestFile>>;

/// The test that `text` tells, if it can be judged: its grammar and names are right, its judges
/// are known, and the model has its start. Otherwise all that is wrong. Any bytes may be given.
tl::expected<litmus::Test, std::vector<litmus::Diagnostic>> read(std::string_view text);

/// The tests that `names` stand for, each once, sorted by path. A name is a file; a folder, which
/// stands for all *.litmus below it; or, where there is no such path, a folder or a test of
/// `catalogue`: "leak", "child-get-unmap". None: the whole catalogue. The error is text for a
/// person: everything that is wrong with any of them.
tl::expected<TestFiles, std::string> load(const std::vector<std::string>& names,
                                          const std::string& catalogue);

}  // namespace lab::judge
