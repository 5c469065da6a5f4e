// Which tests are run when, and beside which.
#include <poll.h>
#include <sched.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>

#include "lab/kernel/judge.h"

namespace lab::kernel {
namespace {

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

bool changes_settings(const CompiledTest& compiled) {
  const Requirements& needs = compiled.requirements;
  return needs.swap || needs.group || needs.ksm || needs.hugetlb;
}

// A test that is being run.
struct Begun {
  std::size_t number;
  std::unique_ptr<Trial> trial;
  unsigned processor;  // its own, where labels order all
};

class Turns {
 public:
  Turns(const std::vector<const litmus::Test*>& tests, System& system, const Options& options,
        const std::function<void(std::size_t, KernelVerdict)>& tell)
      : tests_(tests), system_(system), options_(options), tell_(tell), verdicts_(tests.size()) {}

  void take_all() {
    while (told_ < tests_.size()) {
      begin_those_that_may();
      await_one();
      take_those_that_are_over();
      // The model may take its time.
      begin_those_that_may();
      for (const Begun& each : over_) verdicts_[each.number] = conclude(*each.trial, options_);
      over_.clear();
      tell();
    }
  }

 private:
  void begin_those_that_may() {
    while (begin_next()) {
    }
  }

  // Whether it has had its turn, or begun it.
  bool begin_next() {
    if (next_ == tests_.size()) return false;
    const litmus::Test& test = *tests_[next_];
    if (!ready_) {
      ready_ =
          interrupted() ? tl::unexpected(std::string("interrupted before its turn")) : ready(test);
    }
    if (!*ready_) return skip_next(ready_->error());
    if (!may_begin(**ready_)) return false;
    auto trial = std::make_unique<Trial>(std::move(**ready_));
    if (auto prepared = system_.prepare(trial->compiled()); !prepared)
      return skip_next(prepared.error());
    const unsigned processor = free_processor();
    const Effort effort = effort_for(trial->compiled(), processor);
    if (auto begun = trial->begin(effort, system_.folder()); !begun)
      return skip_next(begun.error());
    running_.push_back({next_, std::move(trial), processor});
    ++next_;
    ready_.reset();
    return true;
  }

  bool skip_next(const std::string& why) {
    verdicts_[next_] = skip(*tests_[next_], why);
    ++next_;
    ready_.reset();
    return true;
  }

  // Threads that race want all processors, of which the model has one while it is waited for. The
  // system has one of each setting.
  [[nodiscard]] bool may_begin(const CompiledTest& compiled) const {
    if (!compiled.ordered) return running_.empty() && over_.empty();
    if (running_.empty()) return true;
    if (running_.size() >= options_.at_once) return false;
    return std::ranges::all_of(running_, [&](const Begun& each) {
      const CompiledTest& other = each.trial->compiled();
      return other.ordered && !(changes_settings(compiled) && changes_settings(other));
    });
  }

  [[nodiscard]] Effort effort_for(const CompiledTest& compiled, unsigned processor) const {
    Effort effort;
    effort.patience = milliseconds(options_.patience);
    effort.time = milliseconds(compiled.ordered ? options_.ordered_seconds : options_.seconds);
    if (compiled.ordered) {
      effort.runs = options_.ordered_runs;
      effort.processor = processor;
    } else if (options_.rare > 0) {
      effort.runs = runs_to_see(options_.rare);
    }
    return effort;
  }

  // This one's, or else another.
  [[nodiscard]] unsigned free_processor() const {
    const auto here = static_cast<unsigned>(sched_getcpu());
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    sched_getaffinity(0, sizeof allowed, &allowed);
    const auto taken = [&](unsigned processor) {
      return std::ranges::any_of(running_,
                                 [&](const Begun& each) { return each.processor == processor; });
    };
    if (!taken(here)) return here;
    for (unsigned i = 0; i < CPU_SETSIZE; ++i)
      if (CPU_ISSET(i, &allowed) && !taken(i)) return i;
    return here;
  }

  // Or until it is time to tell of progress.
  void await_one() {
    constexpr int kTick = 200;  // milliseconds
    std::vector<pollfd> ends;
    for (const Begun& each : running_) ends.push_back({each.trial->ended(), POLLIN, 0});
    if (ends.empty()) return;
    if (poll(ends.data(), ends.size(), kTick) == 0 && options_.progress)
      for (const Begun& each : running_)
        options_.progress(*tests_[each.number], each.trial->seen().runs, each.trial->seconds());
    if (interrupted())
      for (const Begun& each : running_) each.trial->stop();
  }

  void take_those_that_are_over() {
    const auto over = std::stable_partition(running_.begin(), running_.end(),
                                            [](const Begun& each) { return !each.trial->over(); });
    std::move(over, running_.end(), std::back_inserter(over_));
    running_.erase(over, running_.end());
  }

  void tell() {
    for (; told_ < tests_.size() && verdicts_[told_]; ++told_)
      tell_(told_, std::move(*verdicts_[told_]));
  }

  const std::vector<const litmus::Test*>& tests_;
  System& system_;
  const Options& options_;
  const std::function<void(std::size_t, KernelVerdict)>& tell_;
  std::vector<std::optional<KernelVerdict>> verdicts_;
  std::vector<Begun> running_;
  std::vector<Begun> over_;  // of which there is no verdict yet
  std::size_t next_ = 0;     // that has not begun
  std::size_t told_ = 0;
  std::optional<tl::expected<CompiledTest, std::string>> ready_;  // the next
};

}  // namespace

void judge_all(const std::vector<const litmus::Test*>& tests, System& system,
               const Options& options,
               const std::function<void(std::size_t, KernelVerdict)>& tell) {
  Turns(tests, system, options, tell).take_all();
}

}  // namespace lab::kernel
