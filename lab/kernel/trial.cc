#include "lab/kernel/trial.h"

#include <poll.h>

namespace lab::kernel {

tl::expected<void, std::string> Trial::begin(const Effort& effort, const std::string& folder) {
  begin_ = Clock::now();
  effort_ = effort;
  shared_ = map_shared_state();
  if (shared_ == nullptr) return tl::unexpected(std::string("no memory for the processes' shared"));
  auto launched = Launched::start(test_, *shared_, effort_, folder);
  if (!launched) return tl::unexpected(launched.error());
  sandbox_.emplace(std::move(*launched));
  return {};
}

bool Trial::over() {
  if (end_) return true;
  pollfd of{ended(), POLLIN, 0};
  if (poll(&of, 1, 0) != 1 && !sandbox_->late()) return false;
  result_ = sandbox_->finish();
  end_ = Clock::now();
  return true;
}

double Trial::seconds() const {
  return std::chrono::duration<double>(end_.value_or(Clock::now()) - begin_).count();
}

}  // namespace lab::kernel
