// What both trackers by signals have in common: pages are closed, a first write raises a signal,
// the handler opens the page and notes it.
#pragma once

#include "arena/memory/fault_watcher.h"
#include "arena/track/tracker.h"

namespace cleave::detail {

class FaultTracker : public Tracker, public FaultWatcher {
 public:
  ~FaultTracker() override { unwatch_faults(*this); }
  FaultTracker(const FaultTracker&) = delete;
  FaultTracker& operator=(const FaultTracker&) = delete;

  /// Closes all pages and begins to watch. Called once.
  Result<void> watch(int signal);

  Result<void> collect(PageRun within, PageSet& changed) final;
  void mark_dirty(PageRun run) noexcept final;
  void punched(PageRun run) noexcept final;
  bool fault(std::byte* address) noexcept final;

 protected:
  FaultTracker(const Mapping& mapping, PageSet&& open)
      : mapping_(mapping), open_(std::move(open)) {}

  [[nodiscard]] const Mapping& mapping() const { return mapping_; }
  [[nodiscard]] std::span<std::byte> bytes_of(PageRun run) const {
    return {mapping_.native(run.first), run.pages() * kPageSize};
  }
  [[nodiscard]] PageRun all() const { return {0, mapping_.pages()}; }

  /// Lets the program write to these pages, and perhaps to some around them; gives what is open
  /// now. Empty: it cannot. Safe in a signal handler.
  virtual PageRun open_up(PageRun run) noexcept = 0;
  /// Takes that back.
  virtual Result<void> close(PageRun run) noexcept = 0;
  /// Cost of closing `runs` runs one by one, and of closing all in one go, in ns.
  virtual double cost_of_closing(std::uint64_t runs) const noexcept = 0;
  virtual double cost_of_closing_all() const noexcept = 0;
  virtual void all_closed() noexcept {}

 private:
  const Mapping& mapping_;
  /// Pages that can be written without a fault. Added to by any thread, in a signal handler too;
  /// taken from under the arena's lock, while the program's threads rest.
  PageSet open_;
};

}  // namespace cleave::detail
