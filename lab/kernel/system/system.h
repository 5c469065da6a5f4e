// The settings of the system that tests need, changed as needed and put back.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include <tl/expected.hpp>

#include "lab/kernel/system/journal.h"
#include "lab/kernel/test/compiled_test.h"

namespace lab::kernel {

/// Where the journal and its lock lie by default.
inline constexpr const char* kFolder = "/run/cleave-lab";

class System {
 public:
  /// Errors: those of Journal::open().
  static tl::expected<System, std::string> open(const std::string& folder = kFolder);

  /// Makes what the test needs, and tells it where. What was made stays for the next. The error
  /// says what the system refuses; what was changed before that is put back in the end all the
  /// same.
  tl::expected<void, std::string> prepare(CompiledTest& compiled);
  /// Puts all back; also done by the destructor. One line for each thing that could not be.
  std::vector<std::string> put_back();

  [[nodiscard]] const Journal& journal() const { return journal_; }
  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  System(std::string folder, Journal journal)
      : folder_(std::move(folder)), journal_(std::move(journal)) {}

  tl::expected<void, std::string> set(const std::string& path, const std::string& value);
  /// Before `value` is written to `path`, by this process or another.
  tl::expected<void, std::string> note(const std::string& path, const std::string& value);
  /// What the setting was before it was changed.
  [[nodiscard]] std::string before(const std::string& path) const;
  tl::expected<void, std::string> make_swap(CompiledTest& compiled);
  tl::expected<void, std::string> make_group(CompiledTest& compiled);
  tl::expected<void, std::string> set_ksm();
  tl::expected<void, std::string> reserve(std::uint32_t huge_pages);

  std::string folder_;
  Journal journal_;
  std::map<std::string, std::string> before_;  ///< settings that were changed, and what they were
  std::set<std::pair<std::string, std::string>> noted_;
  std::string swap_file_;
  std::string no_swap_;  ///< why there is no swap file; empty: none was tried, or there is one
  std::string group_, reclaim_;
};

}  // namespace lab::kernel
