#include "lab/explore/search/jobs.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace lab::explore {

void share_out(std::size_t count, unsigned jobs, const std::function<void(std::size_t)>& job) {
  // Hands each place to one thread, in no order with anything else; what a job leaves behind is
  // read after the threads have been joined.
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) job(i);
  };
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < std::min<std::size_t>(jobs, count); ++i) others.emplace_back(work);
  work();
}

unsigned all_processors() { return std::max(1U, std::thread::hardware_concurrency()); }

}  // namespace lab::explore
