#include "tools/doctor/costs.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <optional>

#include <cleave/accessor.h>
#include <cleave/space.h>

#include "measure/clock.h"
#include "measure/percentile.h"

namespace cleave::doctor {
namespace {

using namespace literals;

constexpr std::size_t kPages = 1024;
constexpr std::size_t kRounds = 1000;
constexpr std::size_t kPinsATime = 20;                // far longer than reading the clock takes
constexpr std::size_t kHeap = std::size_t{64} << 20;  // of the process that fork(2) copies

// Of a process with that much memory in use. The child ends at once.
std::optional<double> cost_of_process_fork() {
  void* heap = mmap(nullptr, kHeap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (heap == MAP_FAILED) return std::nullopt;
  (void)madvise(heap, kHeap, MADV_NOHUGEPAGE);  // the same yardstick everywhere
  for (std::size_t at = 0; at < kHeap; at += kPageSize) {
    static_cast<volatile std::byte*>(heap)[at] = std::byte{1};
  }
  std::vector<double> forks;
  for (int i = 0; i < 5; ++i) {
    pid_t child = -1;
    forks.push_back(measure::processor_nanoseconds_for([&] {
      child = fork();
      if (child == 0) _exit(0);
    }));
    if (child < 0) break;
    (void)waitpid(child, nullptr, 0);
  }
  (void)munmap(heap, kHeap);
  return forks.size() < 5 ? std::nullopt : std::optional(measure::median(forks));
}

struct Subject {
  Pool pool;
  Space space;
  Address at;
  Accessor accessor;
};

Result<Subject> make_subject() {
  auto pool = Pool::create(16_MiB);
  if (!pool) return tl::unexpected(pool.error());
  if (auto ready = pool->reserve(2 * kPages * kPageSize); !ready)
    return tl::unexpected(ready.error());
  auto space = Space::create(*pool);
  if (!space) return tl::unexpected(space.error());
  const auto at = space->map(kPages * kPageSize);
  if (!at) return tl::unexpected(at.error());
  auto accessor = space->accessor();
  if (!accessor) return tl::unexpected(accessor.error());
  return Subject{std::move(*pool), std::move(*space), *at, std::move(*accessor)};
}

Result<void> write_every_page(Subject& subject) {
  for (std::size_t page = 0; page < kPages; ++page) {
    auto stored = subject.accessor.store<std::uint64_t>(subject.at + page * kPageSize, page);
    if (!stored) return stored;
  }
  return {};
}

}  // namespace

Result<void> try_engine() {
  auto pool = Pool::create(1_MiB);
  if (!pool) return tl::unexpected(pool.error());
  auto space = Space::create(*pool);
  if (!space) return tl::unexpected(space.error());
  const auto at = space->map(kPageSize);
  if (!at) return tl::unexpected(at.error());
  const std::byte value{1};
  if (auto written = space->write(*at, std::span(&value, 1)); !written) return written;
  return space->fork().map([](Space&&) {});
}

Result<std::vector<Cost>> measure_costs() {
  std::vector<Cost> costs;
  if (const auto process = cost_of_process_fork()) {
    costs.push_back({"fork(2) of 64 MiB, to compare with", *process});
  }
  auto subject = make_subject();
  if (!subject) return tl::unexpected(subject.error());
  Result<void> done;
  const auto each = [](double ns, std::size_t count) { return ns / static_cast<double>(count); };

  const double fresh =
      measure::processor_nanoseconds_for([&] { done = write_every_page(*subject); });
  if (!done) return tl::unexpected(done.error());
  costs.push_back({"first write to an absent page", each(fresh, kPages)});

  std::vector<double> forks;
  for (std::size_t i = 0; i < kRounds; ++i) {
    std::optional<Result<Space>> child;
    forks.push_back(measure::nanoseconds_for([&] { child.emplace(subject->space.fork()); }));
    if (!*child) return tl::unexpected(child->error());
  }
  costs.push_back({"fork of a space", measure::median(forks)});

  auto child = subject->space.fork();
  if (!child) return tl::unexpected(child.error());
  const double copied =
      measure::processor_nanoseconds_for([&] { done = write_every_page(*subject); });
  if (!done) return tl::unexpected(done.error());
  costs.push_back({"first write to a shared page", each(copied, kPages)});

  std::vector<double> pins;
  for (std::size_t i = 0; i < kRounds; i += kPinsATime) {
    pins.push_back(measure::nanoseconds_for([&] {
      for (std::size_t k = 0; k < kPinsATime && done; ++k) {
        const auto pin = subject->accessor.pin(subject->at, kPageSize, PinAccess::write);
        if (!pin) done = tl::unexpected(pin.error());
      }
    }));
    if (!done) return tl::unexpected(done.error());
  }
  costs.push_back({"pin of a page, and its release", each(measure::median(pins), kPinsATime)});
  return costs;
}

}  // namespace cleave::doctor
