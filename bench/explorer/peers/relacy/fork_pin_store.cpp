// A fork, a fast pin and a store to one page, as cleave's engine orders them (docs/reference/
// ordering.md), written by hand for relacy: the protocol, without tables, lists and frames.
//
//   c++ -O2 -o search fork_pin_store.cpp && ./search 1000000
#include <cstdlib>
#include <iostream>

#include <relacy/relacy.hpp>

namespace {

constexpr int kPin = 1024;
enum Thread { kFork, kPinner, kWriter };

struct ForkPinStore : rl::test_suite<ForkPinStore, 3> {
  rl::mutex lock;
  rl::atomic<int> stamp;       // odd: no thread may write without the lock
  rl::atomic<int> section[3];  // 1: the thread is about to write without the lock
  rl::atomic<int> entry;       // the parent's frame: 0, or the copy 1
  rl::atomic<int> owners[2];   // of a frame; its pins count kPin each
  rl::atomic<int> word[2];     // the content of a frame
  rl::var<int> child;          // the child's frame, 0 or 1; or -1: it has a copy of its own
  rl::var<int> childs_copy;
  rl::var<int> pinned;

  void before() {
    stamp.store(0, rl::mo_relaxed, $);
    entry.store(0, rl::mo_relaxed, $);
    for (int i = 0; i < 3; ++i) section[i].store(0, rl::mo_relaxed, $);
    for (int f = 0; f < 2; ++f) {
      owners[f].store(1, rl::mo_relaxed, $);
      word[f].store(1, rl::mo_relaxed, $);
    }
  }

  void thread(unsigned index) {
    if (index == kFork) fork();
    if (index == kPinner) pin();
    if (index == kWriter) store();
  }

  bool enter(int thread) {
    section[thread].store(1, rl::mo_release, $);
    rl::atomic_thread_fence(rl::mo_seq_cst, $);
    if (stamp.load(rl::mo_seq_cst, $) % 2 == 0) return true;
    leave(thread);
    return false;
  }
  void leave(int thread) { section[thread].store(0, rl::mo_release, $); }

  void await_sections() {
    rl::atomic_thread_fence(rl::mo_seq_cst, $);
    for (int thread : {kPinner, kWriter}) {
      rl::backoff wait;
      while (section[thread].load(rl::mo_seq_cst, $) != 0) wait.yield($);
    }
  }

  void fork() {
    lock.lock($);
    stamp.exchange(1, rl::mo_seq_cst, $);
    await_sections();
    const int frame = entry.load(rl::mo_acquire, $);
    if (owners[frame].load(rl::mo_acquire, $) >= kPin) {
      child($) = -1;
      childs_copy($) = word[frame].load(rl::mo_relaxed, $);
    } else {
      child($) = frame;
      childs_copy($) = word[frame].load(rl::mo_relaxed, $);
      owners[frame].fetch_add(1, rl::mo_relaxed, $);
    }
    stamp.store(2, rl::mo_release, $);
    lock.unlock($);
  }

  // Under the lock: a frame that is the parent's alone. The reference to the old one goes when no
  // section can have seen it in the entry.
  int owned_frame() {
    const int frame = entry.load(rl::mo_acquire, $);
    if (owners[frame].load(rl::mo_acquire, $) % kPin == 1) return frame;
    word[1].store(word[frame].load(rl::mo_relaxed, $), rl::mo_relaxed, $);
    entry.store(1, rl::mo_release, $);
    await_sections();
    owners[frame].fetch_sub(1, rl::mo_acq_rel, $);
    return 1;
  }

  void pin() {
    if (enter(kPinner)) {
      const int frame = entry.load(rl::mo_acquire, $);
      int one = 1;
      const bool done = owners[frame].compare_exchange_strong(one, 1 + kPin, rl::mo_acq_rel, $);
      leave(kPinner);
      if (done) {
        pinned($) = frame;
        return;
      }
    }
    lock.lock($);
    const int frame = owned_frame();
    owners[frame].fetch_add(kPin, rl::mo_acq_rel, $);
    pinned($) = frame;
    lock.unlock($);
  }

  void store() {
    if (enter(kWriter)) {
      const int frame = entry.load(rl::mo_acquire, $);
      const bool owned = owners[frame].load(rl::mo_acquire, $) % kPin == 1;
      if (owned) word[frame].store(2, rl::mo_relaxed, $);
      leave(kWriter);
      if (owned) return;
    }
    lock.lock($);
    word[owned_frame()].store(2, rl::mo_relaxed, $);
    lock.unlock($);
  }

  // The pin's frame is the parent's, and what the child sees has not changed since the fork.
  void after() {
    RL_ASSERT(pinned($) == entry.load(rl::mo_relaxed, $));
    if (child($) >= 0) RL_ASSERT(word[child($)].load(rl::mo_relaxed, $) == childs_copy($));
  }
};

}  // namespace

int main(int arguments, char** argument) {
  rl::test_params parameters;
  parameters.search_type = rl::random_scheduler_type;
  parameters.iteration_count = arguments > 1 ? std::strtoul(argument[1], nullptr, 10) : 100000;
  const bool passed = rl::simulate<ForkPinStore>(parameters);
  std::cout << "runs: " << parameters.stop_iteration << '\n';
  return passed ? 0 : 1;
}
