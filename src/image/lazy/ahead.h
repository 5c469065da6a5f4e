// Fetching pages of a lazily restored commit ahead of need.
#pragma once

#include <functional>

#include <cleave/function_ref.h>
#include <cleave/image/lazy.h>

#include "image/lazy/source.h"

namespace cleave::detail::image {

/// Has a page be where the program looks for it. False: it was there, or is not looked for.
using Touch = function_ref<Result<bool>(PageNo)>;
/// Asked before each page.
using GoOn = function_ref<bool()>;

/// Pages that were fetched before, or by another thread meanwhile, for whomever.
enum class Fetched {
  left,     ///< are left: the program looks for them in the pool, which had them
  touched,  ///< are touched, too: the program looks for them elsewhere
};

/// As LazyCheckout::recall() and complete(): on the calling thread, in the order in which the pages
/// lie there, those that were never fetched; and after these, as `fetched` says, recall() others
/// that were recorded. For how many `touch` said true.
Result<std::uint64_t> recall(LazySource& source, Restored& restored, Fetched fetched, Touch touch,
                             GoOn go_on);
Result<std::uint64_t> complete(LazySource& source, Restored& restored, Fetched fetched, Touch touch,
                               GoOn go_on, const std::function<void(const LazyProgress&)>& told);

}  // namespace cleave::detail::image
