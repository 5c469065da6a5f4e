// Other tools, run as programs: what they say, and the processor time that they take.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace cleave::bench {

/// A folder for a peer's files, gone with the object.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// What a program wrote, how it ended, and what it cost.
struct Finished {
  int status;  ///< as of exit(3); -1 if it was killed
  std::string output;
  double processor_seconds;
};

/// What was built, or is installed, beside this program; and what only the build has: its examples,
/// and the files and programs that are benchmarks' alone.
std::filesystem::path command_beside(const std::string& name);
std::filesystem::path example_of_the_build(const std::string& name);
std::filesystem::path peer_of_the_build(const std::string& name);

/// The first of the files that is not there, or `else_why`.
std::string missing(const std::vector<std::filesystem::path>& of_the_build,
                    const std::string& else_why);

/// Whether a program of this name is on the PATH.
bool installed(const std::string& program);

/// Runs a program in a folder to its end, and waits for it.
Finished run(const std::vector<std::string>& command, const std::filesystem::path& folder);

/// The number before or behind a word in what a program wrote: `number_by(text, " states,
/// stored")`.
std::optional<double> number_before(const std::string& text, const std::string& words);
std::optional<double> number_behind(const std::string& text, const std::string& words);

}  // namespace cleave::bench
