// What both trackers by signals have in common: pages are closed, a first write raises a signal,
// the handler opens the page and notes it.
#pragma once

#include "arena/signals/fault_watcher.h"
#include "arena/track/tracker.h"

namespace cleave::detail {

class FaultTracker : public Tracker, public FaultWatcher {
 public:
  ~FaultTracker() override = default;
  FaultTracker(const FaultTracker&) = delete;
  FaultTracker& operator=(const FaultTracker&) = delete;

  /// Closes all pages and begins to watch. Called once.
  Result<void> watch(int signal);
  /// No more. Called by who can open and close, before it ends: a handler of any thread may ask for
  /// that until then.
  void unwatch() noexcept { unwatch_faults(*this); }

  Result<void> collect(PageRun within, PageSet& changed) final;
  void mark_dirty(PageRun run) noexcept final;
  void punched(PageRun run) noexcept final;
  bool fault(std::byte* address) noexcept final;
  void open_all() noexcept final;
  [[nodiscard]] bool is_exact() const noexcept override { return is_exact_; }
  void epoch_ended(std::uint64_t /*pages*/) noexcept final { is_exact_ = true; }

 protected:
  FaultTracker(const Mapping& mapping, PageSet&& open)
      : mapping_(mapping), open_(std::move(open)) {}

  [[nodiscard]] const Mapping& mapping() const { return mapping_; }
  [[nodiscard]] std::span<std::byte> bytes_of(PageRun run) const {
    return {mapping_.native(run.first), run.pages() * kPageSize};
  }
  [[nodiscard]] PageRun all() const { return {0, mapping_.pages()}; }
  [[nodiscard]] PageSet& open() { return open_; }

  /// Lets the program write to these pages, and perhaps to some around them; gives what is open
  /// now. Empty: it cannot. Safe in a signal handler, which a jump may leave at any moment: what is
  /// opened beside `run` is in open() before.
  virtual PageRun open_up(PageRun run) noexcept = 0;
  /// The same of all pages that are closed, but for those that the program has closed.
  virtual void open_closed() noexcept { open_and_note(all()); }
  /// Takes that back.
  virtual Result<void> close(PageRun run) noexcept = 0;
  /// Cost of closing `runs` runs one by one, and of closing all in one go, in ns.
  virtual double cost_of_closing(std::uint64_t runs) const noexcept = 0;
  virtual double cost_of_closing_all() const noexcept = 0;
  virtual void all_closed() noexcept {}

  /// Looks at what the program itself has done to the memory's protection, and adds to open() the
  /// pages that it may have written without a fault. Errors: as collect().
  virtual Result<void> look() { return {}; }
  /// Called when pages have been closed: gives those their protection back for which the program
  /// had chosen one. Error: no_memory.
  virtual Result<void> give_back_protections() { return {}; }
  /// False: the program itself has forbidden the access. Safe in a signal handler.
  [[nodiscard]] virtual bool closed_by_us(const std::byte* /*address*/) const noexcept {
    return true;
  }

  /// Has them in open(), too.
  void open_and_note(PageRun run) noexcept;

 private:
  Result<void> close_all_of(PageRun within, const PageSet& pages);
  [[nodiscard]] bool may_have_memory(std::uint64_t page) const noexcept;

  const Mapping& mapping_;
  int signal_ = 0;
  /// Pages that can be written without a fault. Added to by any thread, in a signal handler too;
  /// taken from under the arena's lock, while the program's threads rest.
  PageSet open_;
  /// Threads inside mark_dirty() or open_all(). They count themselves before they open a page
  /// (acquire: nothing that follows goes before it; the kernel orders its own part) and leave after
  /// they have noted it (release). Read by collect() (acquire): who found a page open that is not
  /// noted yet finds the thread that opened it, too.
  sync::atomic<std::uint64_t> opening_{0};
  /// Set by handlers before they leave opening_, taken by collect(), which then has pages compared
  /// (relaxed: opening_ orders it).
  sync::atomic<bool> opened_for_others_{false};
  /// Between commits, with the arena's lock: no page was opened that nobody came to.
  bool is_exact_ = true;
};

}  // namespace cleave::detail
