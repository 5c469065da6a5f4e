#include "adapters/program/kept/standing.h"

#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <climits>
#include <cstdint>
#include <cstdlib>

#include "adapters/program/kernel/digits.h"
#include "adapters/program/kernel/raw.h"
#include "adapters/program/kernel/signals.h"
#include "adapters/program/kernel/text_of.h"

namespace cleave::program {
namespace {

/// As /proc/self/status calls them.
struct Fact {
  const char* key;
  const char* what;
  bool is_pending;  ///< a set of signals, without this library's
};
constexpr std::array kFacts{
    Fact{"Uid", "users", false},
    Fact{"Gid", "groups", false},
    Fact{"Groups", "further groups", false},
    Fact{"NSpgid", "process group", false},
    Fact{"NSsid", "session", false},
    Fact{"CapPrm", "permitted capabilities", false},
    Fact{"CapEff", "effective capabilities", false},
    Fact{"NoNewPrivs", "no_new_privs", false},
    Fact{"Seccomp_filters", "filters of seccomp", false},
    Fact{"Cpus_allowed_list", "processors", false},
    Fact{"SigPnd", "signals that wait for the thread", true},
    Fact{"ShdPnd", "signals that wait", true},
};
constexpr const char* kRoot = "root folder";

std::string without_ours(const std::string& pending) {
  const std::uint64_t signals = std::strtoull(pending.c_str(), nullptr, 16);
  return hexadecimal(signals & ~bit_of(kControlSignal) & ~bit_of(kLoaderSignal));
}

std::string root_folder() {
  std::array<char, PATH_MAX> to{};
  const ssize_t length = readlink("/proc/self/root", to.data(), to.size());
  return {to.data(), length > 0 ? static_cast<std::size_t>(length) : 0};
}

std::vector<std::string> facts_of(const Proc& proc) {
  std::vector<std::string> facts;
  for (const Fact& fact : kFacts) {
    const std::string value = value_in(proc.status, fact.key);
    facts.push_back(fact.is_pending ? without_ours(value) : value);
  }
  facts.push_back(root_folder());
  return facts;
}

/// What prctl(2) gives and takes.
struct Setting {
  int get, set;
  bool into_memory;  ///< where it gives it; else it returns it
  const char* name;
};
constexpr std::array kSettingsOfPrctl{
    Setting{PR_GET_PDEATHSIG, PR_SET_PDEATHSIG, true, "PR_SET_PDEATHSIG"},
    Setting{PR_GET_CHILD_SUBREAPER, PR_SET_CHILD_SUBREAPER, true, "PR_SET_CHILD_SUBREAPER"},
    Setting{PR_GET_DUMPABLE, PR_SET_DUMPABLE, false, "PR_SET_DUMPABLE"},
    Setting{PR_GET_KEEPCAPS, PR_SET_KEEPCAPS, false, "PR_SET_KEEPCAPS"},
    Setting{PR_GET_TIMERSLACK, PR_SET_TIMERSLACK, false, "PR_SET_TIMERSLACK"},
};

long value_of(const Setting& setting) {
  if (!setting.into_memory) return raw::call(SYS_prctl, setting.get);
  int value = 0;
  (void)raw::call(SYS_prctl, setting.get, raw::as_word(&value));
  return value;
}

int real_time_priority() {
  sched_param now{};
  (void)raw::call(SYS_sched_getparam, 0, raw::as_word(&now));
  return now.sched_priority;
}

constexpr int kLimits = static_cast<int>(RLIM_NLIMITS);

rlimit limit_of(int which) {
  rlimit now{};
  (void)raw::call(SYS_prlimit64, 0, which, 0, raw::as_word(&now));
  return now;
}

}  // namespace

Standing Standing::now(const Proc& proc) {
  Standing made;
  made.facts_ = facts_of(proc);
  (void)prctl(PR_GET_NAME, made.name_.data());
  for (int which = 0; which < kLimits; ++which) {
    made.limits_[static_cast<std::size_t>(which)] = limit_of(which);
  }
  made.priority_ = getpriority(PRIO_PROCESS, 0);
  made.policy_ = raw::call(SYS_sched_getscheduler, 0);
  made.real_time_priority_ = real_time_priority();
  for (std::size_t i = 0; i < kSettings; ++i) made.settings_[i] = value_of(kSettingsOfPrctl[i]);
  return made;
}

void Standing::restore_limits(Told& told) const {
  for (int which = 0; which < kLimits; ++which) {
    const rlimit& wanted = limits_[static_cast<std::size_t>(which)];
    const rlimit is = limit_of(which);
    if (is.rlim_cur == wanted.rlim_cur && is.rlim_max == wanted.rlim_max) continue;
    if (raw::call(SYS_prlimit64, 0, which, raw::as_word(&wanted), 0) != 0) {
      told.push_back("limit " + std::to_string(which) + " of setrlimit(2) may not be raised again");
    }
  }
}

void Standing::restore_scheduling(Told& told) const {
  if (getpriority(PRIO_PROCESS, 0) != priority_ && setpriority(PRIO_PROCESS, 0, priority_) != 0) {
    told.emplace_back("the priority may not be raised again");
  }
  if (raw::call(SYS_sched_getscheduler, 0) == policy_ &&
      real_time_priority() == real_time_priority_) {
    return;
  }
  const sched_param then{real_time_priority_};
  if (raw::call(SYS_sched_setscheduler, 0, policy_, raw::as_word(&then)) != 0) {
    told.emplace_back("it may not be scheduled as it was (sched_setscheduler(2))");
  }
}

void Standing::restore_settings(Told& told) const {
  for (std::size_t i = 0; i < kSettings; ++i) {
    const Setting& setting = kSettingsOfPrctl[i];
    if (value_of(setting) == settings_[i]) continue;
    (void)raw::call(SYS_prctl, setting.set, settings_[i]);
    const long now = value_of(setting);
    if (now == settings_[i]) continue;
    told.push_back(std::string(setting.name) + " of prctl(2): was " + std::to_string(settings_[i]) +
                   ", is " + std::to_string(now) + "; it stays");
  }
}

void Standing::restore(const Proc& proc, Told& told) const {
  (void)prctl(PR_SET_NAME, name_.data());
  restore_limits(told);
  restore_scheduling(told);
  restore_settings(told);
  const std::vector<std::string> now = facts_of(proc);
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (now[i] == facts_[i]) continue;
    const std::string what = i < kFacts.size() ? kFacts[i].what : kRoot;
    told.push_back(what + ": were " + (facts_[i].empty() ? "none" : facts_[i]) + ", are " +
                   (now[i].empty() ? "none" : now[i]) + "; they stay");
  }
}

}  // namespace cleave::program
