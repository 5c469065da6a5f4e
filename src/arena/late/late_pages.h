// Pages of an arena that come when they are touched.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include <cleave/snapshot.h>

#include "arena/memory/mapping.h"
#include "arena/memory/page_set.h"
#include "arena/signals/fault_watcher.h"
#include "arena/track/tracker.h"
#include "arena/track/userfault.h"
#include "sync/allocator.h"
#include "sync/mutex.h"
#include "sync/own_thread.h"

namespace cleave::detail {

/// Memory that is to hold what a snapshot does. A page is *missing* until it was put in place,
/// which the kernel does in one step and once at most, whoever comes with it. A missing page was
/// never written, and all commits have the same of it: so none has to look at it, and no checkout
/// makes it anything else.
///
/// An access to a missing page is a SIGBUS. Its handler asks a thread of ours for the page, since
/// fetching it may need any lock and any memory, and waits: for as long as the owner has patience.
/// So what waits is a thread that can be told, and no descriptor that may be closed under it: it
/// ends with the page in place, or with the signal, whatever became of the thread that fetches.
///
/// docs/decisions/0020-late-pages.md weighs it.
class LatePages final : public FaultWatcher {
 public:
  /// `from` has the memory's addresses. `name`: what it is, for who cannot have a page.
  /// Errors: no_memory.
  static Result<sync::Owned<LatePages>> create(Mapping& mapping, const Snapshot& from,
                                               std::string_view name,
                                               std::chrono::milliseconds patience);
  LatePages(Mapping& mapping, const Snapshot& from, PageSet&& missing, PageSet&& asked,
            PageSet&& taken, PageSet&& failed, Userfault&& faults,
            std::chrono::milliseconds patience);
  ~LatePages();
  LatePages(const LatePages&) = delete;
  LatePages& operator=(const LatePages&) = delete;

  /// Watches, once the tracker does. Errors: unsupported, no_memory.
  Result<void> begin(std::string_view name);

  /// How many pages are missing.
  [[nodiscard]] std::uint64_t left() const noexcept { return left_.load(sync::relaxed); }
  [[nodiscard]] bool is_missing(std::uint64_t page) const noexcept { return missing_.has(page); }

  /// Puts what is missing of the run in place, and zeroes in holes that are watched: system calls
  /// may use it then. On the calling thread, any. How many came. Errors: of the first that could
  /// not be had, with `where`.
  Result<std::uint64_t> fetch(PageRun run);
  /// The same by our thread, as for a fault; whatever cannot be had stays missing. Safe in a signal
  /// handler.
  void bring(PageRun run) noexcept;

  /// Collects what was written: of the tracker's pages those that are not missing, since it cannot
  /// tell a hole from a page that reclaim took. With the joint's lock. Errors: as the tracker's.
  Result<void> collect(Tracker& tracker, PageRun within, PageSet& changed);

  bool fault(std::byte* address) noexcept override;

 private:
  enum class Answer : std::uint8_t { here, refused, late, over };

  [[nodiscard]] PageRun all() const noexcept { return {0, mapping_.pages()}; }
  [[nodiscard]] PageNo number_of(std::uint64_t page) const noexcept;
  [[nodiscard]] std::uint64_t page_at(const std::byte* address) const noexcept;
  [[nodiscard]] Result<void> watch_missing();
  void find_runs_to_watch();
  [[nodiscard]] bool is_watched(std::uint64_t page) const noexcept;

  /// True: it was missing, and is in place now.
  Result<bool> put(std::uint64_t page);
  /// Of a hole; the kernel's errno, as Userfault::put(). Safe in a signal handler.
  int put_zeroes(std::uint64_t page) noexcept;
  Result<void> end(Tracker& tracker);

  // In waiting.cc.
  void ask(std::uint64_t page) noexcept;
  Answer wait_for(std::uint64_t page) noexcept;
  void say_why(const std::byte* address, Answer answer) const noexcept;
  void announce() noexcept;
  Result<void> start() noexcept;
  void stop() noexcept;
  void run() noexcept;
  void serve() noexcept;
  void refuse(std::uint64_t page, const Error& error) noexcept;

  Mapping& mapping_;
  const Snapshot from_;
  const std::chrono::milliseconds patience_;
  sync::Vector<char> name_;
  Userfault faults_;
  /// Runs that are watched: those of missing pages, and small gaps between them. In order.
  sync::Vector<PageRun> watched_;

  /// Held while a page is put in place, and while a tracker collects. A leaf; no thread waits for a
  /// store with it.
  sync::mutex putting_;
  /// Bits are taken out with `putting_`, after the page is there; read by any thread, in handlers
  /// too: who reads an old one asks for what is there, or is told by the kernel that it is.
  PageSet missing_;
  sync::atomic<std::uint64_t> left_{0};
  /// Set once: nothing is watched for any more (relaxed: who misses it does what need not be done).
  sync::atomic<bool> is_over_{false};

  // Between threads that wait and ours.

  PageSet asked_;   ///< added to by threads that wait, taken by ours
  PageSet taken_;   ///< ours alone
  PageSet failed_;  ///< added to by ours; who waits takes its page out before it asks
  /// Rings: something was asked, or it is the end. Added by who does (release), read and slept on
  /// by ours (acquire).
  sync::atomic<std::uint32_t> bell_{0};
  /// Moves when a page came or could not, and at the end (release); slept on by who waits
  /// (acquire).
  sync::atomic<std::uint32_t> news_{0};
  sync::atomic<bool> is_ending_{false};
  /// Why a page could not be had by last: a text that stays (release, acquire).
  sync::atomic<const char*> why_{nullptr};
  std::optional<sync::OwnThread> thread_;
};

}  // namespace cleave::detail
