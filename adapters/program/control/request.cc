#include "adapters/program/control/request.h"

#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <new>
#include <string>

#include <cleave/program/run.h>

#include "adapters/program/control/commands.h"
#include "adapters/program/control/socket.h"
#include "adapters/program/kernel/raw.h"
#include "adapters/program/kernel/say.h"
#include "adapters/program/own/memory.h"

namespace cleave::program {
namespace {

enum class Verb : std::uint8_t { none, commit, checkout };

// Not the program's memory: what is written here before a checkout is there after it.
struct Request {
  Verb verb;
  const char* name;
  int result;
};
constinit Request request{Verb::none, nullptr, 0};

constexpr int kDone = 0;
constexpr int kCameBack = 1;
constexpr int kRefused = -1;

// The signal comes before the call that sends it returns, whatever is blocked otherwise.
int ask(Verb verb, const char* name) {
  if (program() == nullptr) return kRefused;
  const std::uint64_t ours = bit_of(kControlSignal);
  std::uint64_t blocked = 0;
  (void)raw::call(SYS_rt_sigprocmask, SIG_UNBLOCK, raw::as_word(&ours), raw::as_word(&blocked),
                  sizeof ours);
  request = {verb, name, kCameBack};
  (void)raw::call(SYS_tgkill, raw::call(SYS_getpid), raw::call(SYS_gettid), kControlSignal);
  const int result = request.result;
  request.result = kCameBack;
  (void)raw::call(SYS_rt_sigprocmask, SIG_SETMASK, raw::as_word(&blocked), 0, sizeof blocked);
  return result;
}

void serve_or_throw(Program& program) {
  const Verb verb = request.verb;
  if (verb == Verb::none) return;
  request.verb = Verb::none;
  request.result = kRefused;
  const std::string name = request.name == nullptr ? "" : request.name;
  Answer answer = tl::unexpected(std::string("there is no commit " + name));
  if (verb == Verb::commit) {
    answer = program.commit(name);
    request.result = answer ? kDone : kRefused;
  } else {
    const SharedMoment moment = program.moments().find(name);
    if (moment != nullptr) answer = program.checkout(moment);
    request.result = answer ? kCameBack : kRefused;
  }
  if (!answer || !answer->told.empty()) say(text_of(answer));
}

}  // namespace

void serve_request(Program& program) {
  try {
    serve_or_throw(program);
  } catch (const std::bad_alloc&) {
    say("out of memory: no word on what the program has asked for");
  }
}

}  // namespace cleave::program

using cleave::program::ask;
using cleave::program::Verb;

#pragma GCC visibility push(default)
extern "C" {
int cleave_run_commit(const char* name) { return ask(Verb::commit, name); }
int cleave_run_checkout(const char* name) { return ask(Verb::checkout, name); }
}
#pragma GCC visibility pop
