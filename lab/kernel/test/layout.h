// Where a test's pages lie in the processes' memory.
#pragma once

#include <cstddef>
#include <vector>

#include "lab/judge/plan.h"

namespace lab::kernel {

inline constexpr std::size_t kSmallPage = 4096;
inline constexpr std::size_t kHugePage = std::size_t{2} << 20;

/// A page of the test: all of a small page or a hugetlb page. Of a large folio of n pages, an n-th
/// of 2 MiB; what works on one page takes the first of it.
struct Placement {
  char* address = nullptr;
  std::size_t bytes = 0;
  std::size_t declaration = 0;
};

/// By page number. Each declaration has 4 MiB of addresses of its own, so that no two share a
/// mapping or a page table.
std::vector<Placement> layout(const judge::Plan& plan);

/// Whether a page of some test may lie there.
bool is_of_the_test(const void* address);

/// Where a half of a page keeps its value. The rest of the page is 0.
inline std::size_t offset(litmus::Half half) {
  return half == litmus::Half::a ? 0 : kSmallPage / 2;
}

}  // namespace lab::kernel
