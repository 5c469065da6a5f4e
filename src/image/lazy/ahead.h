// Fetching pages of a lazily restored commit ahead of need.
#pragma once

#include <functional>

#include <cleave/function_ref.h>
#include <cleave/image/lazy.h>

#include "image/lazy/source.h"

namespace cleave::detail::image {

/// Has a page be where the program looks for it. False: the program has no use for it any more.
using Touch = function_ref<Result<bool>(PageNo)>;
/// Asked before each page.
using GoOn = function_ref<bool()>;

/// As LazyCheckout::recall() and complete(): on the calling thread, in the order in which the pages
/// lie there, those that were never fetched. How many.
Result<std::uint64_t> recall(LazySource& source, Restored& restored, Touch touch, GoOn go_on);
Result<std::uint64_t> complete(LazySource& source, Restored& restored, Touch touch, GoOn go_on,
                               const std::function<void(const LazyProgress&)>& told);

}  // namespace cleave::detail::image
