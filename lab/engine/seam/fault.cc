#include "lab/engine/seam/fault.h"

#include <csignal>

#include "lab/engine/seam/aside.h"
#include "lab/explore/execution/run.h"

namespace lab::engine {
namespace {

constexpr const char* kWhat = "the engine's code touches memory that is not there";

struct sigaction before;

// On the stack of what faulted, which is left for good: nothing of it runs again.
void handle(int signal) {
  if (explore::self() >= 0) explore::stop_broken(kWhat);
  if (is_aside()) leave_aside(kWhat);
  (void)sigaction(signal, &before, nullptr);  // and the instruction faults again
}

bool install() {
  struct sigaction action {};
  action.sa_handler = handle;
  action.sa_flags = SA_NODEFER;  // the handler does not return, and there may be another fault
  return sigaction(SIGSEGV, &action, &before) == 0;
}

}  // namespace

void take_faults_for_findings() { [[maybe_unused]] static const bool done = install(); }

}  // namespace lab::engine
