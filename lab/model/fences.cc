#include "lab/model/fences.h"

namespace lab {

const std::vector<Fence>& fences() {
  static const std::vector<Fence> all = {
      {"fault.look_again",
       "a write fault that copied looks at the entry again before it changes it"},
      {"swapin.look_again",
       "a fault that read from swap looks at the entry again before it changes it"},
  };
  return all;
}

}  // namespace lab
