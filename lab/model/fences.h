// What a run can leave out: fences, and second looks, by their names (lab/explore/execution/run.h,
// `--drop NAME`).
#pragma once

#include <string_view>
#include <vector>

namespace lab::model {

struct Fence {
  std::string_view name;   ///< "fault.look_again"
  std::string_view about;  ///< what is looked at again or kept in order, in one line
};

/// Every name that the model gives to fence() or performs().
const std::vector<Fence>& fences();

}  // namespace lab::model
