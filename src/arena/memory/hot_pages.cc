#include "arena/memory/hot_pages.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace cleave::detail {

Result<HotPages> HotPages::create(std::uint64_t pages) {
  std::array<Result<PageSet>, 1 + kEpochs> sets{PageSet::create(pages), PageSet::create(pages),
                                                PageSet::create(pages), PageSet::create(pages)};
  for (const auto& set : sets) {
    if (!set) return tl::unexpected(set.error());
  }
  return sync::or_no_memory(
      "out of memory for what is known of hot pages", [&]() -> Result<HotPages> {
        return HotPages(std::move(*sets[0]),
                        {std::move(*sets[1]), std::move(*sets[2]), std::move(*sets[3])},
                        sync::Vector<std::uint8_t>(std::min(pages, kMostLines)));
      });
}

bool HotPages::differs(std::uint64_t page, const std::byte* now, const std::byte* then) noexcept {
  const auto differs_in = [&](std::size_t line) {
    return std::memcmp(now + line * kLine, then + line * kLine, kLine) != 0;
  };
  std::uint8_t& last = lines_[page % lines_.size()];
  if (differs_in(last)) return true;
  for (std::size_t line = 0; line < kPageSize / kLine; ++line) {
    if (!differs_in(line)) continue;
    last = static_cast<std::uint8_t>(line);
    return true;
  }
  return false;
}

std::uint64_t HotPages::count_others(const PageSet& pages) const noexcept {
  std::uint64_t count = 0;
  (void)pages.for_each_run([&](PageRun run) {
    return hot_.for_each_gap(run, [&count](PageRun gap) -> Result<void> {
      count += gap.pages();
      return {};
    });
  });
  return count;
}

void HotPages::epoch_ended(const PageSet& changed, Limits limits, PageSet& cooled) noexcept {
  if (limits.most == 0) return;
  remember(changed);
  const std::uint64_t neighbours = least_run(limits);
  warm(limits.most, neighbours);
  cool(neighbours, cooled);
}

// A short epoch says little: it is weighed against all that is hot.
std::uint64_t HotPages::least_run(Limits limits) const noexcept {
  if (limits.least_run_in_routine == 0) return limits.least_run;
  std::uint64_t again = 0;
  std::uint64_t others = 0;
  (void)recent_[last_].for_each_run([&](PageRun run) -> Result<void> {
    for (std::uint64_t page = run.first; page < run.end; ++page) {
      ++(may_be_hot(page) ? again : others);
    }
    return {};
  });
  const bool in_routine = others < std::max(again, hot_.count());
  return in_routine ? limits.least_run_in_routine : limits.least_run;
}

void HotPages::remember(const PageSet& changed) noexcept {
  last_ = (last_ + 1) % kEpochs;
  PageSet& now = recent_[last_];
  now.clear();
  (void)changed.for_each_run([&now](PageRun run) -> Result<void> {
    now.add(run);
    return {};
  });
}

std::size_t HotPages::recent_epochs_with(std::uint64_t page) const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(recent_, [page](const PageSet& epoch) { return epoch.has(page); }));
}

bool HotPages::may_be_hot(std::uint64_t page) const noexcept {
  return hot_.has(page) || recent_epochs_with(page) == kEpochs;
}

// Runs of pages that changed in every epoch, or are hot already.
void HotPages::warm(std::uint64_t most, std::uint64_t least_run) noexcept {
  std::uint64_t hot = hot_.count();
  (void)recent_[last_].for_each_run([&](PageRun changed) -> Result<void> {
    for (std::uint64_t page = changed.first; page < changed.end; ++page) {
      PageRun run{page, page};
      while (run.end < changed.end && may_be_hot(run.end)) ++run.end;
      for (; page < run.end && run.pages() >= least_run && hot < most; ++page) {
        if (hot_.add(page)) ++hot;
      }
      page = std::max(page, run.end);
    }
    return {};
  });
}

void HotPages::cool(std::uint64_t least_run, PageSet& cooled) noexcept {
  const auto remove = [&](PageRun run) -> Result<void> {
    cooled.add(run);
    hot_.remove(run);
    return {};
  };
  (void)hot_.for_each_run([&](PageRun run) -> Result<void> {
    for (std::uint64_t page = run.first; page < run.end; ++page) {
      if (recent_epochs_with(page) == 0) (void)remove({page, page + 1});
    }
    return {};
  });
  (void)hot_.for_each_run(
      [&](PageRun run) { return run.pages() < least_run ? remove(run) : Result<void>{}; });
}

}  // namespace cleave::detail
