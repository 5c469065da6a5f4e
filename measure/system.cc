#include "measure/system.h"

#include <sys/wait.h>

#include <cerrno>
#include <fstream>
#include <string>

#include <cleave/error.h>
#include <cleave/must.h>

namespace cleave::measure {

void must_hold(bool held, const char* what) {
  if (!held) stop(Error{Errc::unsupported, what, {}, errno});
}

ByteCount proc_bytes(const char* file, std::string_view key) {
  std::ifstream lines(file);
  for (std::string name; lines >> name;) {
    if (std::uint64_t kib = 0; name.starts_with(key) && name.size() == key.size() + 1) {
      lines >> kib;
      return kib << 10;
    }
    std::getline(lines, name);
  }
  stop(Error{Errc::unsupported, "a field that is needed is missing in /proc"});
}

void wait_for_process(pid_t child) {
  must_hold(waitpid(child, nullptr, 0) == child, "waitpid(2) failed");
}

void wait_until_stopped(pid_t child) {
  int status = 0;
  must_hold(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status),
            "the baseline's process ended before it was to");
}

namespace {

cpu_set_t processors_now() {
  cpu_set_t set;
  must_hold(sched_getaffinity(0, sizeof set, &set) == 0, "sched_getaffinity(2) failed");
  return set;
}

}  // namespace

OnProcessor::OnProcessor(unsigned number) : before_(processors_now()) {
  // All that the program may use: a thread starts on those of its maker, which may be down to one.
  static const cpu_set_t all = before_;
  unsigned skip = number % static_cast<unsigned>(CPU_COUNT(&all));
  std::size_t processor = 0;
  while (!CPU_ISSET(processor, &all) || skip-- != 0) ++processor;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processor, &one);
  must_hold(sched_setaffinity(0, sizeof one, &one) == 0, "sched_setaffinity(2) failed");
}

OnProcessor::~OnProcessor() { (void)sched_setaffinity(0, sizeof before_, &before_); }

}  // namespace cleave::measure
