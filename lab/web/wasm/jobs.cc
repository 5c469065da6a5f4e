// Without threads, one job after the other.
#include "lab/explore/search/jobs.h"

namespace lab::explore {

void share_out(std::size_t count, unsigned, const std::function<void(std::size_t)>& job) {
  for (std::size_t i = 0; i < count; ++i) job(i);
}

unsigned all_processors() { return 1; }

}  // namespace lab::explore
