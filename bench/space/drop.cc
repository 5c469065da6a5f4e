// What it costs to let a fork go.

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cleave/must.h>

#include "bench/space/benchmarks.h"
#include "bench/space/touched.h"
#include "measure/clock.h"
#include "measure/companion.h"

namespace cleave::bench {
namespace {

constexpr std::uint64_t kAll = ~std::uint64_t{0};

// `changed` pages of the extent, evenly spread.
template <class Write>
void for_each_changed(const Extent& extent, std::uint64_t changed, Write write) {
  const std::uint64_t pages = extent.touched_pages();
  const std::uint64_t count = std::min(changed, pages);
  for (std::uint64_t i = 0; i < count; ++i) write(i * pages / count);
}

double drop_space(TouchedSpace& touched, std::uint64_t changed) {
  std::optional<Space> child = must(touched.space.fork());
  const std::array<std::byte, 8> word{std::byte{2}};
  for_each_changed(touched.extent, changed,
                   [&](std::uint64_t n) { must(child->write(touched.touched_page(n), word)); });
  return measure::nanoseconds_for([&] { child.reset(); });
}

// From the signal until nothing is left of the child. It has stopped when its writes are done.
double end_child(const TouchedHeap& heap, std::uint64_t changed) {
  const pid_t child = measure::start_process([&] {
    for_each_changed(heap.extent, changed, [&](std::uint64_t n) { heap.write(n, 2); });
    (void)raise(SIGSTOP);
  });
  measure::wait_until_stopped(child);
  return measure::nanoseconds_for([&] {
    (void)kill(child, SIGKILL);
    measure::wait_for_process(child);
  });
}

std::vector<Row> drop(const char* name, std::uint64_t changed, const Settings& settings) {
  const Extent extent{settings.quick ? 128_MiB : 1_GiB};
  measure::Companion kernel([&] {
    return [=, heap = std::make_shared<TouchedHeap>(extent)] { return end_child(*heap, changed); };
  });
  const std::uint64_t count = std::min(changed, extent.touched_pages());
  TouchedSpace touched(extent, count * kPageSize);
  must(touched.pool.reserve(count * kPageSize));
  auto [ours, theirs] = in_turn(
      settings.runs(), [&] { return drop_space(touched, changed); },
      [&] { return kernel.measure(); });

  Row row{.name = name,
          .unit = "ns",
          .ours = ours,
          .baseline = "the end of a fork(2) child that changed as much",
          .theirs = theirs};
  row.details["mapped_bytes"] = extent.mapped.value;
  row.details["changed_pages"] = count;
  if (count != 0) row.details["ns_per_changed_page"] = ours.median() / static_cast<double>(count);
  return {row};
}

Benchmark dropping(const char* name, const char* what, std::uint64_t changed) {
  return {name, what, [=](const Settings& settings) { return drop(name, changed, settings); }};
}

}  // namespace

std::vector<Benchmark> drop_benchmarks() {
  return {dropping("drop/0", "dropping a fork that changed nothing", 0),
          dropping("drop/1000", "dropping a fork that changed 1,000 pages", 1000),
          dropping("drop/all", "dropping a fork that changed all pages", kAll)};
}

}  // namespace cleave::bench
