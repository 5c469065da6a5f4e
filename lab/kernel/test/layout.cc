#include "lab/kernel/test/layout.h"

namespace lab::kernel {
namespace {

constexpr std::uintptr_t kBase = std::uintptr_t{1} << 44;
constexpr std::size_t kStride = 2 * kHugePage;
constexpr std::size_t kMostDeclarations = 64;  // of the language

}  // namespace

bool is_of_the_test(const void* address) {
  return reinterpret_cast<std::uintptr_t>(address) - kBase < kMostDeclarations * kStride;
}

std::vector<Placement> layout(const judge::Plan& plan) {
  std::vector<Placement> spots;
  for (std::size_t i = 0; i < plan.setup.pages.size(); ++i) {
    const model::PageSetup& page = plan.setup.pages[i];
    const bool large = page.pages > 1 || page.hugetlb || page.by_pmd;
    // Parts of a large folio start at small pages.
    const std::size_t bytes = large ? kHugePage / page.pages / kSmallPage * kSmallPage : kSmallPage;
    for (std::uint32_t part = 0; part < page.pages; ++part)
      // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of our choice.
      spots.push_back({reinterpret_cast<char*>(kBase + i * kStride + part * bytes), bytes, i});
  }
  return spots;
}

}  // namespace lab::kernel
