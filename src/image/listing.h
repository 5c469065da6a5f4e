// The pages of a commit, by their names.
#pragma once

#include <vector>

#include <cleave/error.h>
#include <cleave/function_ref.h>
#include <cleave/image/record.h>
#include <cleave/units.h>

#include "image/objects/objects.h"

namespace cleave::detail::image {

struct PageAt {
  ImageId id;
  PageNo page;
};

/// All pages of a commit in parts of a gibibyte, in order, for which `part` is called as they are
/// found. They must be as many as it says, which is not known before the last, and in its regions:
/// so that a few small nodes cannot stand for more memory than was asked for. Errors: as
/// Objects::node(), bad_argument, those of `part`.
Result<void> for_each_listing(Objects& objects, const ImageRecord& record,
                              function_ref<Result<void>(const std::vector<PageAt>&)> part);

/// The order in which pages lie in packs, as numbers of `pages`: so each frame is read once.
std::vector<std::uint32_t> in_order_of_packs(const std::vector<PageAt>& pages,
                                             const Catalog& catalog);

}  // namespace cleave::detail::image
