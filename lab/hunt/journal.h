// The answers of a hunt's units as a file: to go on with, to carry to another machine, to join.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "lab/hunt/hunt.h"

namespace lab::hunt {

/// What two journals have in common if they can be joined.
struct Identity {
  std::string build;    ///< of the binary
  std::string options;  ///< text(Options)
  std::size_t units = 0;
  bool operator==(const Identity&) const = default;
};
/// Of a hunt of so many parts. `build`: a hash of the program file that runs.
Identity identity_of(const Options& options, std::size_t parts);

/// What keeps two hunts from being one, as a sentence.
std::string difference(const Identity& one, const Identity& other);

/// An answer in one line; equal answers have equal lines.
std::string line_of(std::size_t unit, const Answer& answer);
/// The first line of a journal.
std::string line_of(const Identity& identity);

struct Journal {
  Identity identity;
  Answers answers;
};

/// Reads a journal. A last line that was cut off is none. Errors: it cannot be read; it is none; it
/// has two answers for one unit.
tl::expected<Journal, std::string> read_journal(const std::string& path);
/// The same of lines that are there already.
tl::expected<Journal, std::string> parse_journal(std::string_view text, const std::string& name);

/// All units of all journals. Errors: another build, other options, or two answers for one unit,
/// with the journals' names.
tl::expected<Journal, std::string> merge(const std::vector<std::string>& paths);
/// The journal as a file's text, units in order: the same whoever made them, and when.
std::string text(const Journal& journal);

/// A journal that grows by a line a unit, each on the disk before the next is begun.
class JournalFile {
 public:
  /// Opens or makes it. What it has already goes to `answers`. Errors: as read_journal(); it is of
  /// another build or of other options.
  static tl::expected<JournalFile, std::string> open(const std::string& path,
                                                     const Identity& identity, Answers& answers);
  /// False: it could not be written.
  bool add(std::size_t unit, const Answer& answer);

 private:
  struct Close {
    void operator()(std::FILE* file) const { (void)std::fclose(file); }
  };
  explicit JournalFile(std::FILE* file) : file_(file) {}
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace lab::hunt
