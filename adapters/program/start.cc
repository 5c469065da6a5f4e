// Where it begins: the loader calls this library before the program's main.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "adapters/program/control/request.h"
#include "adapters/program/control/socket.h"
#include "adapters/program/interpose/loading.h"
#include "adapters/program/interpose/sentence.h"
#include "adapters/program/kernel/frame.h"
#include "adapters/program/kernel/say.h"
#include "adapters/program/own/descriptors.h"
#include "adapters/program/own/memory.h"
#include "adapters/program/settings.h"
#include "adapters/program/state/program.h"

namespace cleave::program {
namespace {

constinit ControlSocket* control = nullptr;

Frame* serve(int signal, siginfo_t* /*info*/, ucontext_t* context, Frame* frame) {
  Program& resting = *program();
  if (signal == kLoaderSignal) return serve_loader(resting, context, frame);
  const AtWork work;
  resting.rests_in(frame);
  serve_request(resting);
  if (control != nullptr) control->serve(resting);
  Frame* const next = resting.goes_on();
  if (next != frame) follow_loading(resting);
  return next;
}

// Without its commits the program would be what its user did not ask for.
[[noreturn]] void give_up(std::string_view why) {
  constexpr int kCouldNotStart = 2;
  say((Sentence() << "cannot start the program: " << why).text());
  _exit(kCouldNotStart);
}

void begin_with_high_descriptors() {
  const HighDescriptors high;
  if (!high.are_high()) give_up("too few descriptors are left; raise RLIMIT_NOFILE (ulimit -n)");
  auto started = Program::start();
  if (!started) give_up(started.error().message());
  set_program(std::move(*started));
  if (!take_signal(kControlSignal, serve) || !take_signal(kLoaderSignal, serve)) {
    give_up("signals 31 and 64 are not to be had");
  }
  if (const char* path = std::getenv(kControlVariable)) {
    control = new ControlSocket;
    if (const std::string why = control->listen_at(path); !why.empty()) give_up(why);
  }
}

// What holds the low numbers is gone by then: the kernel makes a file for each that it lists.
void start_or_throw() {
  begin_with_high_descriptors();
  if (!HighDescriptors::keep_all()) give_up("/proc/self/fd cannot be read");
}

void start() {
  const AtWork work;
  try {
    start_or_throw();
  } catch (const std::bad_alloc&) {
    give_up("out of memory");
  }
}

// A signal that comes while the one stack is in use would use it once more.
void start_undisturbed() {
  sigset_t all;
  sigset_t before;
  (void)sigfillset(&all);
  (void)sigprocmask(SIG_SETMASK, &all, &before);
  on_own_stack(start);
  (void)sigprocmask(SIG_SETMASK, &before, nullptr);
}

// So that what the program starts runs as usual. The environment is the program's memory by now.
void restore_environment() {
  if (const char* preload = std::getenv(kPreloadVariable)) {
    (void)setenv("LD_PRELOAD", preload, 1);
  } else {
    (void)unsetenv("LD_PRELOAD");
  }
  for (const char* name : {kStartVariable, kControlVariable, kPreloadVariable}) {
    (void)unsetenv(name);
  }
}

[[gnu::constructor]] void begin() {
  if (std::getenv(kStartVariable) == nullptr) return;
  start_undisturbed();
  restore_environment();
}

[[gnu::destructor]] void end() {
  const AtWork work;
  if (control != nullptr) control->end();
}

}  // namespace
}  // namespace cleave::program
