// Tracking by the protection of pages, whose faults come as SIGSEGV. Works everywhere, costs most.
//
// The program may use mprotect(2) on the same pages. A page that we have closed by mprotect(2)
// could be opened, written and closed again by the program, and no trace would be left. So a closed
// page is one of a read-only view, which mprotect(2) cannot make writable. Kernels that cannot put
// one in place (before Linux 5.13) leave us mprotect(2), and the kernel's word at each collect() on
// what is writable then.
#include <sys/mman.h>
#include <sys/personality.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <optional>
#include <utility>

#include "arena/memory/read_only_view.h"
#include "arena/memory/readable.h"
#include "arena/track/fault_tracker.h"
#include "arena/track/registry.h"
#include "base/address_space.h"
#include "base/fail.h"
#include "sync/allocator.h"

namespace cleave::detail {
namespace {

// Each open run between closed pages is a mapping of its own to the kernel, and closes off another;
// the process may have 65,530, and everything else in it needs some: without them malloc fails
// next. So beyond the first thousands a fault opens its whole neighbourhood; more pages count as
// written then, never fewer.
constexpr std::uint64_t kFaultsPerPage = 4096;
constexpr std::uint64_t kFaultsPerBlock = 8192;
constexpr std::uint64_t kNeighbours = 64;
// These stay open over commits, of each arena.
constexpr std::uint64_t kLeftOpen = 1024;

constexpr Refusals kProtect =
    CLEAVE_REFUSALS("mprotect", "the kernel cannot protect the arena's memory");

class Mprotect final : public FaultTracker {
 public:
  Mprotect(const Mapping& mapping, PageSet&& open, PageSet&& chosen,
           std::optional<ReadOnlyView>&& view)
      : FaultTracker(mapping, std::move(open)),
        chosen_(std::move(chosen)),
        view_(std::move(view)) {}
  ~Mprotect() override {
    unwatch();
    if (!mapping().is_here() || !mapping().is_taken_over()) return;
    // What is given back is to be as the program had it. Where the kernel does not tell how that
    // was, at least it can be written.
    (void)insist([this] { return look().has_value(); });
    (void)open_but_chosen(all());
  }
  Mprotect(const Mprotect&) = delete;
  Mprotect& operator=(const Mprotect&) = delete;

  [[nodiscard]] Tracking kind() const noexcept override { return Tracking::mprotect; }
  [[nodiscard]] bool is_exact() const noexcept override { return false; }  // neighbours
  [[nodiscard]] HotPages::Limits worth_leaving_open() const noexcept override {
    return {kLeftOpen, 1};
  }

 private:
  /// Pages whose protection the program has chosen: neither that of closed nor that of open pages.
  struct Chosen {
    PageRun run;
    int protection;
  };

  PageRun open_up(PageRun run) noexcept override {
    const std::uint64_t faults = faults_.fetch_add(1, sync::relaxed);
    if (faults >= kFaultsPerBlock) {
      run = widened(run, all());
    } else if (faults >= kFaultsPerPage) {
      const std::uint64_t end = run.end + (kNeighbours - 1) - (run.end - 1) % kNeighbours;
      run = widened(run, {run.first - run.first % kNeighbours, std::min(end, mapping().pages())});
    }
    open().add(run);
    if (open_but_chosen(run)) return run;
    // No mapping left to split off. Opening everything joins them all, and needs none.
    open().add(all());
    return insist([this] { return set_open(all()); }) ? all() : PageRun{run.first, run.first};
  }
  Result<void> close(PageRun run) noexcept override {
    if (set_closed(run) || set_closed(all())) return {};
    return refused_mapping(kProtect, 0, Mapped::shared, errno);
  }
  double cost_of_closing(std::uint64_t runs) const noexcept override {
    return (view_ ? 8000.0 : 5000.0) * static_cast<double>(runs);
  }
  // Later faults of those that read the pages included.
  double cost_of_closing_all() const noexcept override {
    return (view_ ? 200.0 : 70.0) * static_cast<double>(mapping().pages());
  }
  void all_closed() noexcept override { faults_.store(0, sync::relaxed); }

  // Whatever is writable may have been written, whoever made it so.
  Result<void> look() override {
    return sync::or_no_memory("out of memory noting protections", [&]() -> Result<void> {
      protections_.clear();
      chosen_.clear();
      return mapping().for_each_protection([&](PageRun run, int protection) -> Result<void> {
        if ((protection & PROT_WRITE) != 0) open().add(run);
        if (is_plain(protection)) return {};
        protections_.push_back({run, protection});
        chosen_.add(run);
        return {};
      });
    });
  }

  // A guard page, or one that holds code, is as the program wants it, and the program may change
  // that at any time. It stays open to mprotect(2), and counts as written at every collect().
  Result<void> give_back_protections() override {
    for (const Chosen& chosen : protections_) {
      if (set_open(chosen.run)) open().add(chosen.run);
      if (set(chosen.run, chosen.protection)) continue;
      return refused_mapping(kProtect, 0, Mapped::shared, errno);
    }
    return {};
  }

  bool closed_by_us(const std::byte* address) const noexcept override {
    return may_open(static_cast<std::uint64_t>(address - mapping().native()) / kPageSize);
  }

  // One piece, as a rule; the program may have guard pages, code and mappings that we have not
  // looked at yet.
  void open_closed() noexcept override {
    if (!mapping().tells_handlers()) return open_page_by_page();
    PageRun piece{0, 0};
    (void)mapping().for_each_protection([&](PageRun run, int protection) -> Result<void> {
      if (!is_plain(protection)) return {};
      if (run.first != piece.end) {
        open_piece(piece);
        piece = run;
      }
      piece.end = run.end;
      return {};
    });
    open_piece(piece);
  }
  void open_page_by_page() noexcept {
    PageRun piece{0, 0};
    for (; piece.end < mapping().pages(); ++piece.end) {
      if (may_open(piece.end)) continue;
      open_piece(piece);
      piece.first = piece.end + 1;
    }
    open_piece(piece);
  }
  void open_piece(PageRun run) noexcept {
    if (run.pages() != 0) open_and_note(run);
  }

  // Chosen pages are open to mprotect(2) as they are.
  bool open_but_chosen(PageRun run) noexcept {
    bool done = true;
    std::uint64_t at = run.first;
    (void)chosen_.for_each_run(run, [&](PageRun chosen) -> Result<void> {
      if (at < chosen.first) done = set_open({at, chosen.first}) && done;
      at = chosen.end;
      return {};
    });
    if (at < run.end) done = set_open({at, run.end}) && done;
    return done;
  }

  /// With the pages around it, up to those that the program wants to be as they are. Cost: one walk
  /// over the mappings of `most`, or a system call for each page where handlers are not told them.
  [[nodiscard]] PageRun widened(PageRun run, PageRun most) const noexcept {
    if (!mapping().tells_handlers()) return widened_page_by_page(run, most);
    PageRun wide = most;
    const auto leave_out = [&](PageRun other) {
      if (other.pages() == 0) return;
      if (other.first < run.first)
        wide.first = std::max(wide.first, std::min(other.end, run.first));
      if (other.end > run.end) wide.end = std::min(wide.end, std::max(other.first, run.end));
    };
    std::uint64_t looked = most.first;  // at all before
    const auto told =
        mapping().for_each_protection(most, [&](PageRun part, int protection) -> Result<void> {
          leave_out({looked, part.first});
          if (!is_plain(protection)) leave_out(part);
          looked = part.end;
          return {};
        });
    if (!told) return run;
    leave_out({looked, most.end});
    (void)chosen_.for_each_run(wide, [&](PageRun chosen) -> Result<void> {
      leave_out(chosen);
      return {};
    });
    return wide;
  }
  [[nodiscard]] PageRun widened_page_by_page(PageRun run, PageRun most) const noexcept {
    while (run.first > most.first && may_open(run.first - 1)) --run.first;
    while (run.end < most.end && may_open(run.end)) ++run.end;
    return run;
  }

  /// False: the program has chosen another protection, or has mapped something else there.
  [[nodiscard]] bool may_open(std::uint64_t page) const noexcept {
    if (chosen_.has(page)) return false;
    if (!mapping().tells_handlers()) return can_be_read(mapping().native(page));
    bool may = false;
    const auto told = mapping().for_each_protection({page, page + 1},
                                                    [&](PageRun, int protection) -> Result<void> {
                                                      may = is_plain(protection);
                                                      return {};
                                                    });
    return told ? may : can_be_read(mapping().native(page));
  }
  /// As we leave pages.
  [[nodiscard]] bool is_plain(int protection) const noexcept {
    const int chosen = protection & ~implied_;
    return chosen == PROT_READ || chosen == (PROT_READ | PROT_WRITE);
  }
  /// What the kernel adds to what is asked for: old programs, and those that setarch(8) starts so,
  /// may execute what they can read.
  static int implied_protection() noexcept {
    constexpr unsigned long kOnlyAsk = 0xffffffff;
    const int persona = personality(kOnlyAsk);
    return persona >= 0 && (persona & READ_IMPLIES_EXEC) != 0 ? PROT_EXEC : 0;
  }

  bool set_open(PageRun run) noexcept {
    return view_ ? view_->open(run) : set(run, PROT_READ | PROT_WRITE);
  }
  bool set_closed(PageRun run) noexcept { return view_ ? view_->close(run) : set(run, PROT_READ); }
  bool set(PageRun run, int protection) const noexcept {
    const std::span<std::byte> bytes = bytes_of(run);
    return mprotect(bytes.data(), bytes.size(), protection) == 0;
  }

  /// Since all was closed. Counted by whoever faults; nothing hangs on its order.
  sync::atomic<std::uint64_t> faults_{0};
  /// As the last look found them: written under the arena's lock, read in signal handlers too.
  PageSet chosen_;
  sync::Vector<Chosen> protections_;
  std::optional<ReadOnlyView> view_;
  int implied_ = implied_protection();
};

Result<OwnedTracker> make_mprotect(const Mapping& mapping) {
  auto open = PageSet::create(mapping.pages());
  if (!open) return tl::unexpected(open.error());
  auto chosen = PageSet::create(mapping.pages());
  if (!chosen) return tl::unexpected(chosen.error());
  std::optional<ReadOnlyView> view;
  if (auto made = ReadOnlyView::create(mapping)) {
    view.emplace(std::move(*made));
  } else if (made.error().code != Errc::unsupported) {
    return tl::unexpected(made.error());
  }
  auto made =
      sync::make_owned<Mprotect>(mapping, std::move(*open), std::move(*chosen), std::move(view));
  if (made == nullptr) return tl::unexpected(no_memory_for_tracker());
  if (auto done = made->watch(SIGSEGV); !done) return tl::unexpected(done.error());
  return made;
}

}  // namespace

const TrackerKind kMprotect{.tracking = Tracking::mprotect,
                            .name = "mprotect",
                            .signal = SIGSEGV,
                            .notices = true,
                            .make = make_mprotect,
                            .probe = nullptr};

}  // namespace cleave::detail
