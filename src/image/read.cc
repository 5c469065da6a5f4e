// Reading a commit: its pages in the order in which they lie in packs.
#include "base/fail.h"
#include "image/listing.h"
#include "image/state.h"

namespace cleave::detail::image {

Result<void> RepositoryState::read(const ImageRecord& record,
                                   function_ref<Result<void>(PageNo, View)> visit) {
  const auto pages = list_pages(objects, record);
  if (!pages) return tl::unexpected(pages.error());
  std::uint64_t done = 0;
  for (const std::uint32_t number : in_order_of_packs(*pages, catalog)) {
    const PageAt& page = (*pages)[number];
    const auto bytes = objects.page(page.id);
    if (!bytes) {
      Error error = bytes.error();
      error.where = address_of(page.page);
      return tl::unexpected(error);
    }
    if (auto visited = visit(page.page, *bytes); !visited) return visited;
    if (++done % 1024 == 0) tell(done, record.pages);
  }
  return {};
}

}  // namespace cleave::detail::image
