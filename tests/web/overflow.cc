// A fiber that needs more stack than there is, in WebAssembly: the next switch says so, and ends
// the program.
#include <cstdio>

#include "lab/explore/fiber/fiber.h"

namespace {

using lab::explore::Fiber;

struct Pair {
  Fiber outside;
  Fiber* inside = nullptr;
};

__attribute__((noinline)) int deep(int depth) {
  volatile char room[1024];
  for (volatile char& byte : room) byte = static_cast<char>(depth);
  return depth == 0 ? room[0] : deep(depth - 1) + room[0];
}

void main_of(void* argument) {
  auto& pair = *static_cast<Pair*>(argument);
  for (int kilobytes = 100;; kilobytes += 200) {
    std::printf("%d KiB are used\n", kilobytes + 0 * deep(kilobytes));
    Fiber::switch_to(*pair.inside, pair.outside);
  }
}

}  // namespace

int main() {
  Pair pair;
  Fiber inside(&main_of, &pair);
  pair.inside = &inside;
  Fiber::switch_to(pair.outside, inside);
  std::puts("back from the first");
  Fiber::switch_to(pair.outside, inside);
  std::puts("back from the second: the overflow was not found");
}
