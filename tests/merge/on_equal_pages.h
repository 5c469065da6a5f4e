// A pool with little memory, and pages in it that are equal.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "space/validate.h"
#include "tests/away/on_little_memory.h"

namespace cleave::detail {

class OnEqualPages : public OnLittleMemory {
 protected:
  void TearDown() override {
    EXPECT_EQ(merged(), 0u) << "frames are left merged";
    OnLittleMemory::TearDown();
  }

  static void fill_equally(Space& space, std::uint64_t pages, std::uint64_t value) {
    for (std::uint64_t n = 0; n < pages; ++n) put(space, n, value);
  }
  template <class Source>
  static std::uint64_t get(const Source& source, std::uint64_t n) {
    std::uint64_t seen = 0;
    must(source.read(page_at(n), std::as_writable_bytes(std::span(&seen, 1))));
    return seen;
  }
  template <class Source>
  static void expect_all(const Source& source, std::uint64_t pages, std::uint64_t value) {
    for (std::uint64_t n = 0; n < pages; ++n) ASSERT_EQ(get(source, n), value) << "page " << n;
  }
  /// Once round.
  MergeReport look() { return must(pool.merge(ByteCount{kMemory * kPageSize})); }
  /// All that are equal, and have not changed for a round.
  MergeReport merge() {
    look();
    return look();
  }
  [[nodiscard]] std::uint64_t merged() const { return pool.statistics().merged; }

  /// With all that there is in the pool.
  void expect_valid(Space& space, const Snapshot* snapshot = nullptr) {
    Recount recount(HandleAccess::state(pool));
    validate(HandleAccess::state(space), recount);
    if (snapshot != nullptr) recount.add(HandleAccess::state(*snapshot).table);
    recount.compare();
    ASSERT_EQ(recount.wrong(), nullptr) << recount.wrong();
  }
};

}  // namespace cleave::detail
