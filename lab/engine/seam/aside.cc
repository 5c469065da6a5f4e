#include "lab/engine/seam/aside.h"

#include <cstdlib>
#include <memory>
#include <utility>

#include "lab/explore/fiber/fiber.h"

namespace lab::engine {
namespace {

using explore::Fiber;

// One an OS thread; its stack is used again and again.
struct Side {
  Side() : fiber(&Side::main, this) {}

  static void main(void* argument) {
    Side& side = *static_cast<Side*>(argument);
    for (;;) {
      (*side.work)();
      Fiber::switch_to(side.fiber, side.outside);
    }
  }

  Fiber outside;
  Fiber fiber;
  const std::function<void()>* work = nullptr;
  std::optional<std::string> why;
};

thread_local std::unique_ptr<Side> side_here;

}  // namespace

std::optional<std::string> aside(const std::function<void()>& work) {
  if (!side_here) side_here = std::make_unique<Side>();
  Side& side = *side_here;
  side.why.reset();
  side.work = &work;
  Fiber::switch_to(side.outside, side.fiber);
  side.work = nullptr;
  if (side.why) side.fiber.start_over();
  return side.why;
}

bool is_aside() { return side_here && side_here->work != nullptr; }

void leave_aside(std::string why) {
  side_here->why = std::move(why);
  Fiber::switch_to(side_here->fiber, side_here->outside);
  std::abort();  // Nothing comes back to it.
}

}  // namespace lab::engine
