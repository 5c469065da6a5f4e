// Tracking that goes between `async` and `sigbus`. The first costs a look at every page a commit
// and little a write; the second nothing a commit and much a write. Which is cheaper depends on how
// much is written between commits, and only the program knows that: so the last epochs decide.
#include <algorithm>
#include <csignal>
#include <ctime>

#include "arena/track/blocked_signal.h"
#include "arena/track/registry.h"
#include "base/fail.h"

namespace cleave::detail {
namespace {

// Time that this thread had a processor, in ns: others may be using the machine.
double now() {
  timespec time{};
  (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

/// What a page written costs, from first write to being watched again, in ns. Pages that lie apart,
/// as they do in use: the kernel is quicker with neighbours.
Result<double> cost_of_a_page(Tracking tracking) {
  constexpr std::uint64_t kPages = 2048;
  constexpr std::uint64_t kApart = 32;
  auto mapping = Mapping::create(kPages, nullptr);
  if (!mapping) return tl::unexpected(mapping.error());
  auto tracker = make_tracker(tracking, *mapping);
  if (!tracker) return tl::unexpected(tracker.error());
  auto changed = PageSet::create(kPages);
  if (!changed) return tl::unexpected(changed.error());
  const PageRun all{0, kPages};
  const auto write_some = [&]() -> Result<void> {
    for (std::uint64_t page = 0; page < kPages; page += kApart) {
      *static_cast<volatile std::byte*>(mapping->native(page)) = std::byte{1};
    }
    return (*tracker)->collect(all, *changed);
  };
  if (auto done = write_some(); !done) return tl::unexpected(done.error());  // provides the memory
  const double start = now();
  if (auto done = write_some(); !done) return tl::unexpected(done.error());
  constexpr std::uint64_t kWritten = kPages / kApart;
  return (now() - start) / static_cast<double>(kWritten);
}

class Adaptive final : public Tracker {
 public:
  struct Costs {
    double async_page;
    double sigbus_page;
  };
  Adaptive(const Mapping& mapping, OwnedTracker first, Costs costs)
      : mapping_(mapping), now_(std::move(first)), costs_(costs) {}

  [[nodiscard]] Tracking kind() const noexcept override {
    return now_ == nullptr ? Tracking::automatic : now_->kind();
  }

  Result<void> collect(PageRun within, PageSet& changed) override {
    if (now_ == nullptr) return start_again(changed);
    const double start = now();
    if (auto done = now_->collect(within, changed); !done) return done;
    const bool whole = within == all();
    if (whole && now_->kind() == Tracking::async) note_scan(now() - start);
    if (whole && regret_ > worth_switching() && !blocks(SIGBUS)) return go_over(changed);
    return {};
  }

  [[nodiscard]] bool is_exact() const noexcept override {
    return now_ == nullptr || now_->is_exact();
  }

  void mark_dirty(PageRun run) noexcept override {
    if (now_ != nullptr) now_->mark_dirty(run);
  }
  void punched(PageRun run) noexcept override {
    if (now_ != nullptr) now_->punched(run);
  }
  [[nodiscard]] HotPages::Limits worth_leaving_open() const noexcept override {
    return now_ == nullptr ? HotPages::Limits{0, 0} : now_->worth_leaving_open();
  }
  void leave_open(const PageSet& hot) noexcept override {
    hot_ = &hot;
    if (now_ != nullptr) now_->leave_open(hot);
  }

  // What the other would have cost less, summed up; it never falls below zero, so that a long good
  // time does not hide that times have changed.
  void epoch_ended(std::uint64_t pages) noexcept override {
    if (now_ == nullptr) return;
    now_->epoch_ended(pages);
    const double written = static_cast<double>(pages);
    const double async = scan_ns_ + written * costs_.async_page;
    const double sigbus = written * costs_.sigbus_page;
    if (now_->kind() == Tracking::async) {
      regret_ += async - sigbus;
    } else {
      regret_ += sigbus - async;
      scan_ns_ *= 0.9998;  // it is not measured now; let it be tried again some day
    }
    if (regret_ < 0) regret_ = 0;
  }

 private:
  [[nodiscard]] PageRun all() const { return {0, mapping_.pages()}; }
  // As one rents skis until the rents have cost as much as the skis: going over protects every page
  // anew.
  [[nodiscard]] double worth_switching() const {
    return 80.0 * static_cast<double>(mapping_.pages());
  }

  // The quickest of late: the first is slow, and so is one after a pause. It creeps up, since
  // arenas fill.
  void note_scan(double ns) { scan_ns_ = scan_ns_ == 0 ? ns : std::min(ns, scan_ns_ * 1.05); }

  // Everything that was written is in `changed` already, and no thread writes now.
  Result<void> go_over(PageSet& changed) {
    const Tracking other = now_->kind() == Tracking::async ? Tracking::sigbus : Tracking::async;
    const Tracking old = now_->kind();
    now_.reset();  // two descriptors cannot watch one range
    regret_ = 0;
    if (auto next = make_tracker(other, mapping_)) {
      begin(std::move(*next));
      return {};
    }
    if (auto again = make_tracker(old, mapping_)) {
      begin(std::move(*again));
      return {};
    }
    return start_again(changed);
  }

  // Nothing watched for a while: all pages may have been written.
  Result<void> start_again(PageSet& changed) {
    auto next = make_tracker(Tracking::async, mapping_);
    if (!next) next = make_tracker(Tracking::sigbus, mapping_);
    if (!next) return tl::unexpected(next.error());
    begin(std::move(*next));
    changed.add(all());
    return {};
  }
  void begin(OwnedTracker&& tracker) {
    now_ = std::move(tracker);
    if (hot_ != nullptr) now_->leave_open(*hot_);
  }

  const Mapping& mapping_;
  OwnedTracker now_;
  const PageSet* hot_ = nullptr;
  Costs costs_;
  double scan_ns_ = 0;
  double regret_ = 0;
};

Result<OwnedTracker> make_adaptive(const Mapping& mapping) {
  auto async_page = cost_of_a_page(Tracking::async);
  if (!async_page) return tl::unexpected(async_page.error());
  auto sigbus_page = cost_of_a_page(Tracking::sigbus);
  if (!sigbus_page) return tl::unexpected(sigbus_page.error());
  auto first = make_tracker(Tracking::async, mapping);
  if (!first) return tl::unexpected(first.error());
  auto made = sync::make_owned<Adaptive>(
      mapping, std::move(*first),
      Adaptive::Costs{.async_page = *async_page, .sigbus_page = *sigbus_page});
  if (made == nullptr) return tl::unexpected(no_memory_for_tracker());
  return made;
}

}  // namespace

const TrackerKind kAdaptive{.tracking = Tracking::automatic,
                            .name = "automatic",
                            .signal = 0,
                            .notices = true,
                            .make = make_adaptive,
                            .probe = nullptr};

}  // namespace cleave::detail
