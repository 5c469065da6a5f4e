#include "tools/demo/space/check.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include <cleave/accessor.h>
#include <cleave/must.h>

#include "tools/console/progress.h"

namespace cleave::demo::space {
namespace {

// Small enough to be compared while it lies in the processor's cache.
constexpr std::size_t kChunk = std::size_t{256} << 10;

/// Spaces, snapshots and accessors are all read in the same way.
template <class Source>
std::optional<Difference> compare(Source& source, Address at, std::span<const std::byte> expected) {
  std::vector<std::byte> found(std::min(kChunk, expected.size()));
  for (std::size_t offset = 0; offset < expected.size(); offset += kChunk) {
    const auto part = expected.subspan(offset, std::min(kChunk, expected.size() - offset));
    must(source.read(at + offset, std::span(found).first(part.size())));
    if (std::memcmp(part.data(), found.data(), part.size()) == 0) continue;
    const auto [wanted, got] = std::ranges::mismatch(part, found);
    return Difference{"", offset + static_cast<std::size_t>(wanted - part.begin()), *wanted, *got};
  }
  return {};
}

}  // namespace

std::vector<Difference> check(const Origin& origin, Forest& forest, std::span<const std::byte> file,
                              unsigned threads) {
  const std::size_t branches = forest.branches.size();
  const std::size_t all = branches + forest.snapshots.size();
  console::Progress progress("comparing", all);
  std::atomic<std::size_t> next{0};
  std::mutex lock;
  std::vector<Difference> differences;

  const auto note = [&](std::optional<Difference> difference, std::string of) {
    if (!difference) return;
    difference->of = std::move(of);
    const std::lock_guard guard(lock);
    differences.push_back(std::move(*difference));
  };
  const auto work = [&] {
    Replay replay(file);
    for (std::size_t i; (i = next.fetch_add(1)) < all; progress.step()) {
      if (i < branches) {
        Branch& branch = forest.branches[i];
        Accessor accessor = must(branch.space.accessor());
        note(compare(accessor, origin.at, replay.at(branch.moment)),
             fmt::format("branch {}", branch.number));
      } else {
        const Kept& kept = forest.snapshots[i - branches];
        note(compare(kept.snapshot, origin.at, replay.at(kept.moment)),
             fmt::format("a snapshot of branch {}", kept.branch));
      }
    }
  };

  note(compare(origin.space, origin.at, file), "the origin");
  {
    std::vector<std::jthread> running;
    for (unsigned t = 0; t < threads; ++t) running.emplace_back(work);
  }
  return differences;
}

}  // namespace cleave::demo::space
