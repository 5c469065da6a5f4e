// How a thread that came to a missing page waits for it, and the thread that fetches it.
#include <chrono>
#include <string_view>

#include "arena/late/late_pages.h"
#include "arena/memory/last_words.h"
#include "sync/wait.h"

namespace cleave::detail {

void LatePages::ask(std::uint64_t page) noexcept {
  failed_.move({page, page + 1}, asked_);
  (void)asked_.add(page);
  bell_.add(1, sync::release);
  sync::wake_all(bell_);
}

// A try that was under way for another thread and fails now counts as well.
LatePages::Answer LatePages::wait_for(std::uint64_t page) noexcept {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + patience_;
  ask(page);
  for (;;) {
    const std::uint32_t seen = news_.load(sync::acquire);
    if (!is_missing(page)) return Answer::here;
    if (is_ending_.load(sync::acquire)) return Answer::over;
    if (failed_.has(page)) return Answer::refused;
    const auto left = end - Clock::now();
    if (left <= Clock::duration::zero()) return Answer::late;
    sync::sleep_while(news_, seen, left);
  }
}

void LatePages::bring(PageRun run) noexcept {
  if (!mapping_.is_here() || is_over_.load(sync::relaxed)) return;
  for (std::uint64_t page = run.first; page < run.end; ++page) {
    if (is_missing(page)) {
      (void)wait_for(page);
    } else if (is_watched(page)) {
      (void)put_zeroes(page);
    }
  }
}

void LatePages::say_why(const std::byte* address, Answer answer) const noexcept {
  const std::string_view name(name_.data(), name_.size());
  constexpr std::string_view kBefore = "the page of an arena at ";
  if (answer == Answer::late) {
    say_last_words(kBefore, address,
                   {" did not come in time, of ", name,
                    "; the store does not answer, or the thread that asks it has ended"});
  } else if (answer == Answer::over) {
    say_last_words(kBefore, address, {" was touched while its arena ends, of ", name});
  } else {
    const char* const why = why_.load(sync::acquire);
    say_last_words(kBefore, address,
                   {" cannot be had, of ", name, ": ", why == nullptr ? "" : why});
  }
}

void LatePages::announce() noexcept {
  news_.add(1, sync::release);
  sync::wake_all(news_);
}

Result<void> LatePages::start() noexcept {
  auto started = sync::OwnThread::start(
      "cleave-fetch",
      [](void* self) -> void* {
        static_cast<LatePages*>(self)->run();
        return nullptr;
      },
      this);
  if (!started) return tl::unexpected(started.error());
  thread_ = *started;
  return {};
}

void LatePages::stop() noexcept {
  is_ending_.store(true, sync::release);
  announce();
  if (!thread_) return;
  bell_.add(1, sync::release);
  sync::wake_all(bell_);
  thread_->join();
}

void LatePages::run() noexcept {
  using namespace std::chrono_literals;
  for (;;) {
    const std::uint32_t heard = bell_.load(sync::acquire);
    if (is_ending_.load(sync::acquire)) return;
    if (asked_.empty()) {
      sync::sleep_while(bell_, heard, 1h);
    } else {
      serve();
    }
  }
}

void LatePages::serve() noexcept {
  asked_.move(all(), taken_);
  (void)taken_.for_each_run([&](PageRun run) -> Result<void> {
    for (std::uint64_t page = run.first; page < run.end; ++page) {
      if (is_ending_.load(sync::acquire)) break;
      if (auto done = put(page); !done) refuse(page, done.error());
    }
    return {};
  });
  taken_.clear();
}

void LatePages::refuse(std::uint64_t page, const Error& error) noexcept {
  why_.store(error.what, sync::release);
  (void)failed_.add(page);
  announce();
}

}  // namespace cleave::detail
