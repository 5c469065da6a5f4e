#include "lab/kernel/prediction_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "lab/kernel/judge.h"

namespace lab::kernel {
namespace {

void run_by(pid_t process, int policy) {
  const sched_param none{};
  sched_setscheduler(process, policy, &none);
}

// Its full share of the machine, while a verdict waits for it.
class Awaited {
 public:
  explicit Awaited(pid_t process) : process_(process) { run_by(process, SCHED_OTHER); }
  ~Awaited() { run_by(process_, SCHED_IDLE); }
  Awaited(const Awaited&) = delete;
  Awaited& operator=(const Awaited&) = delete;

 private:
  pid_t process_;
};

bool send(int to, const std::string& text) {
  const auto length = static_cast<std::uint32_t>(text.size());
  std::string message(reinterpret_cast<const char*>(&length), sizeof length);
  message += text;
  for (std::size_t done = 0; done < message.size();) {
    const ssize_t more = write(to, message.data() + done, message.size() - done);
    if (more < 0 && errno != EINTR) return false;
    if (more > 0) done += static_cast<std::size_t>(more);
  }
  return true;
}

}  // namespace

std::string written(const Prediction& prediction) {
  std::string text = prediction.uncompared + '\n';
  for (const litmus::Verdict verdict : prediction.expected.verdicts)
    text += fmt::format("{} ", static_cast<int>(verdict));
  text += prediction.ends ? "\nends\n" : "\n";
  if (prediction.ends)
    for (const std::string& end : *prediction.ends) text += end + '\n';
  return text;
}

Prediction prediction_from(const std::string& text) {
  Prediction prediction;
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, prediction.uncompared);
  std::getline(lines, line);
  std::istringstream verdicts(line);
  for (int verdict = 0; verdicts >> verdict;)
    prediction.expected.verdicts.push_back(static_cast<litmus::Verdict>(verdict));
  if (!std::getline(lines, line)) return prediction;
  prediction.ends.emplace();
  while (std::getline(lines, line)) prediction.ends->push_back(line);
  return prediction;
}

PredictionProcess::PredictionProcess(std::vector<const litmus::Test*> tests)
    : tests_(std::move(tests)) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return;
  // Room for all of them: it must not wait for us.
  constexpr int kRoom = 1 << 20;
  fcntl(ends[1], F_SETPIPE_SZ, kRoom);
  const pid_t parent = getpid();
  process_ = fork();
  if (process_ == 0) {
    close(ends[0]);
    find_all(parent, ends[1]);
  }
  close(ends[1]);
  from_ = ends[0];
}

PredictionProcess::~PredictionProcess() { end(); }

void PredictionProcess::end() {
  if (from_ >= 0) close(std::exchange(from_, -1));
  const pid_t process = std::exchange(process_, -1);
  if (process < 0) return;
  kill(process, SIGKILL);
  while (waitpid(process, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void PredictionProcess::find_all(pid_t parent, int to) const {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_NAME, "cleave-model");
  // What a terminal tells its processes is for the parent alone.
  setpgid(0, 0);
  for (const int signal : {SIGINT, SIGTERM, SIGQUIT, SIGHUP}) std::signal(signal, SIG_IGN);
  if (getppid() != parent) _exit(1);
  run_by(0, SCHED_IDLE);
  for (const litmus::Test* test : tests_) {
    const auto runs = ready(*test);
    const Prediction found = runs ? prediction_of(*test, litmus::Memory::sc)
                                  : Prediction{{}, std::nullopt, runs.error()};
    if (!send(to, written(found))) _exit(1);
  }
  _exit(0);
}

Prediction PredictionProcess::of(const litmus::Test& test) {
  const auto number = static_cast<std::size_t>(std::ranges::find(tests_, &test) - tests_.begin());
  while (process_ > 0 && number < tests_.size() && come_.size() <= number) {
    if (auto found = next())
      come_.push_back(std::move(*found));
    else
      end();
  }
  if (number < come_.size()) return come_[number];
  if (interrupted()) return {{}, std::nullopt, "interrupted before the model was asked"};
  return prediction_of(test, litmus::Memory::sc);
}

std::optional<Prediction> PredictionProcess::next() {
  pollfd ready{from_, POLLIN, 0};
  std::optional<Awaited> awaited;
  if (poll(&ready, 1, 0) == 0) awaited.emplace(process_);
  std::uint32_t length = 0;
  if (!receive(&length, sizeof length)) return std::nullopt;
  std::string text(length, '\0');
  if (!receive(text.data(), length)) return std::nullopt;
  return prediction_from(text);
}

// False: it has ended, or this one was interrupted and nothing has come for a while.
bool PredictionProcess::receive(void* bytes, std::size_t count) {
  constexpr int kAWhile = 200;  // milliseconds
  for (std::size_t got = 0; got < count;) {
    pollfd ready{from_, POLLIN, 0};
    const int some = poll(&ready, 1, kAWhile);
    if (some == 0 && interrupted()) return false;
    if (some <= 0) continue;
    const ssize_t more = read(from_, static_cast<char*>(bytes) + got, count - got);
    if (more == 0 || (more < 0 && errno != EINTR)) return false;
    if (more > 0) got += static_cast<std::size_t>(more);
  }
  return true;
}

}  // namespace lab::kernel
