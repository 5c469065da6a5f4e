// A fork against threads that pin without a lock: bench/fork_against_pin.h for relacy.
//
//   c++ -O2 -DPINNERS=1 -DPAGES=1 -o full fork_against_pin.cpp && ./full full
//   ./full random 1000000
//
// All orders are sequentially consistent; relacy lets loads see older stores where C++ would.
#include <relacy/relacy.hpp>

#include <cstdlib>
#include <cstring>
#include <iostream>

#ifndef PINNERS
#define PINNERS 1
#endif
#ifndef PAGES
#define PAGES 1
#endif

namespace {

constexpr int kPin = 1024;

struct ForkAgainstPin : rl::test_suite<ForkAgainstPin, PINNERS + 1> {
  rl::atomic<int> sequence;
  rl::atomic<int> count[PAGES];
  rl::atomic<int> writable[PAGES];
  bool shared[PAGES];
  bool kept[PINNERS];

  void before() {
    sequence.store(0, rl::mo_seq_cst, $);
    for (int p = 0; p < PAGES; ++p) {
      count[p].store(1, rl::mo_seq_cst, $);
      writable[p].store(1, rl::mo_seq_cst, $);
      shared[p] = false;
    }
    for (int i = 0; i < PINNERS; ++i) kept[i] = false;
  }

  void thread(unsigned index) {
    if (index == 0) {
      fork();
    } else {
      kept[index - 1] = pin(static_cast<int>(index - 1) % PAGES);
    }
  }

  void fork() {
    sequence.store(1, rl::mo_seq_cst, $);
    rl::atomic_thread_fence(rl::mo_seq_cst, $);
    for (int p = 0; p < PAGES; ++p) {
      if (count[p].load(rl::mo_seq_cst, $) >= kPin) continue;
      count[p].fetch_add(1, rl::mo_seq_cst, $);
      writable[p].store(0, rl::mo_seq_cst, $);
      shared[p] = true;
    }
    sequence.store(2, rl::mo_seq_cst, $);
  }

  bool pin(int p) {
    const int seen = sequence.load(rl::mo_seq_cst, $);
    if (seen % 2 != 0) return false;
    if (writable[p].load(rl::mo_seq_cst, $) == 0) return false;
    count[p].fetch_add(kPin, rl::mo_seq_cst, $);
    rl::atomic_thread_fence(rl::mo_seq_cst, $);
    if (writable[p].load(rl::mo_seq_cst, $) != 0 && sequence.load(rl::mo_seq_cst, $) == seen) {
      return true;
    }
    count[p].fetch_sub(kPin, rl::mo_seq_cst, $);
    return false;
  }

  void after() {
    for (int i = 0; i < PINNERS; ++i) RL_ASSERT(!(kept[i] && shared[i % PAGES]));
  }
};

}  // namespace

int main(int arguments, char** argument) {
  rl::test_params parameters;
  if (arguments > 1 && std::strcmp(argument[1], "full") == 0) {
    parameters.search_type = rl::fair_full_search_scheduler_type;
  } else {
    parameters.search_type = rl::random_scheduler_type;
    parameters.iteration_count = arguments > 2 ? std::strtoul(argument[2], nullptr, 10) : 100000;
  }
  const bool passed = rl::simulate<ForkAgainstPin>(parameters);
  std::cout << "runs: " << parameters.stop_iteration << '\n';
  return passed ? 0 : 1;
}
