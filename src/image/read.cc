// Reading a commit: its pages in the order in which they lie in packs, a gibibyte at a time. So few
// nodes that stand for many pages, as a stranger may make them, take no memory for these.
#include "base/fail.h"
#include "image/listing.h"
#include "image/state.h"

namespace cleave::detail::image {
namespace {

class Reading {
 public:
  using Visit = function_ref<Result<void>(PageNo, View)>;
  Reading(RepositoryState& state, const ImageRecord& record, Visit visit)
      : state_(state), record_(record), visit_(visit) {}

  Result<void> all() {
    return for_each_listing(state_.objects, record_,
                            [this](const std::vector<PageAt>& pages) { return read(pages); });
  }

 private:
  Result<void> read(const std::vector<PageAt>& pages) {
    for (const std::uint32_t number : in_order_of_packs(pages, state_.catalog)) {
      const PageAt& page = pages[number];
      const auto bytes = state_.objects.page(page.id);
      if (!bytes) {
        Error error = bytes.error();
        error.where = address_of(page.page);
        return tl::unexpected(error);
      }
      if (auto visited = visit_(page.page, *bytes); !visited) return visited;
      if (++done_ % 1024 == 0) state_.tell(done_, record_.pages);
    }
    return {};
  }

  RepositoryState& state_;
  const ImageRecord& record_;
  Visit visit_;
  std::uint64_t done_ = 0;
};

}  // namespace

Result<void> RepositoryState::read(const ImageRecord& record,
                                   function_ref<Result<void>(PageNo, View)> visit) {
  return Reading(*this, record, visit).all();
}

}  // namespace cleave::detail::image
