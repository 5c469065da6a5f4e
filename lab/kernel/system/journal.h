// What was changed in the system, so that it is put back even if who changed it was killed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

namespace lab::kernel {

/// A file with a line for each change, written to disk before the change is made. Whoever opens it
/// next puts back what is in it.
class Journal {
 public:
  /// What a line says is to be done.
  enum class Kind : char {
    setting = 's',    ///< write `value` into the file at `path`
    swap_file = 'w',  ///< turn off swap on the file, and remove it
    folder = 'd',     ///< remove the empty folder: a control group
  };
  struct Change {
    Kind kind;
    std::string path;
    std::string value;
    /// Of a setting: what we write there. It is put back only while it is that; what another
    /// process made of it stays. Empty: put back in any case.
    std::string ours = {};
  };

  /// One at a time for each folder. Makes the folder; takes its lock; puts back what is left from
  /// before. Errors, as text: the folder cannot be made or written; another process has the lock;
  /// what is left cannot be put back.
  static tl::expected<Journal, std::string> open(const std::string& folder);
  Journal(Journal&& other) noexcept;
  Journal& operator=(Journal&&) = delete;
  /// Puts back.
  ~Journal();

  /// Notes the change, durably. Must come before it. With the first, a process is started that puts
  /// all back as soon as this one, and all that it started, have ended without doing so.
  tl::expected<void, std::string> note(Change change);
  /// Undoes all that was noted, the last first, and forgets it. What cannot be undone is told in
  /// the result, one line each, and stays in the journal.
  std::vector<std::string> put_back();
  /// What the last owner had left behind, as lines for a person; empty: nothing.
  [[nodiscard]] const std::vector<std::string>& found() const { return found_; }
  /// The process that puts back if this one is killed; -1: none yet.
  [[nodiscard]] int guard() const { return guard_pid_; }

 private:
  Journal(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  [[nodiscard]] std::string next_path() const { return path_ + ".next"; }
  tl::expected<void, std::string> write() const;
  void read();
  /// Adds to `done` what there was to undo.
  std::vector<std::string> undo_all(std::vector<std::string>& done);
  void set_guard();
  void dismiss_guard();

  std::string path_;
  int lock_;
  int guard_ = -1;  ///< it waits until no other process has this open
  int guard_pid_ = -1;
  std::vector<Change> changes_;
  std::vector<std::string> found_;
};

/// "/sys/kernel/mm/ksm/run back to 0", "swap on ... off, and the file removed".
std::string describe(const Journal::Change& change);

}  // namespace lab::kernel
