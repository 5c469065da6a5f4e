#include "tools/demo/space/cost.h"

#include <malloc.h>
#include <sys/mman.h>

#include <cstring>
#include <vector>

#include <cleave/must.h>

#include "measure/clock.h"
#include "measure/percentile.h"

namespace cleave::demo::space {
namespace {

constexpr std::size_t kBranches = 200;
constexpr std::size_t kCopies = 9;

double heap_bytes() {
  const auto heap = mallinfo2();
  return static_cast<double>(heap.uordblks + heap.hblkhd);
}

}  // namespace

Cost cost_of_space(Pool& pool, Origin& origin) {
  const Pages pages(origin.size);
  must(pool.reserve(kBranches * pages.count * kPageSize));

  std::vector<Space> branches;
  std::vector<double> make, write;
  branches.reserve(kBranches);
  make.reserve(kBranches);
  write.reserve(kBranches);
  const double heap = heap_bytes();
  const std::uint64_t frames = pool.statistics().used;
  for (std::size_t i = 0; i < kBranches; ++i) {
    const measure::Stopwatch making;
    Result<Space> branch = origin.space.fork();
    make.push_back(making.ns());
    branches.push_back(must(std::move(branch)));

    const std::byte value{static_cast<unsigned char>(i)};
    const measure::Stopwatch writing;
    for (std::uint64_t page = 0; page < pages.count; ++page) {
      must(branches.back().write(origin.at + page * pages.stride, std::span(&value, 1)));
    }
    write.push_back(writing.ns() / static_cast<double>(pages.count));
  }
  const auto taken = static_cast<double>((pool.statistics().used - frames) * kPageSize);
  const double bytes = (taken + heap_bytes() - heap) / static_cast<double>(kBranches);
  return {measure::median(make), measure::median(write), bytes};
}

Cost cost_of_copy(std::span<const std::byte> content) {
  std::vector<double> make;
  for (std::size_t i = 0; i < kCopies; ++i) {
    // Fresh memory each time, as a copy that stays would need.
    const measure::Stopwatch making;
    void* copy =
        mmap(nullptr, content.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (copy == MAP_FAILED) return {};
    std::memcpy(copy, content.data(), content.size());
    make.push_back(making.ns());
    munmap(copy, content.size());
  }
  return {measure::median(make), 0, static_cast<double>(content.size())};
}

}  // namespace cleave::demo::space
