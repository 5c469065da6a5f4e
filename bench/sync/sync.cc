// Sections against the user-space RCU library's: the figures behind the choice of our own.

#include <atomic>
#include <thread>
#include <vector>

#include <cleave/detail/section.h>

#include "bench/sync/benchmarks.h"
#include "measure/clock.h"
#include "measure/system.h"
#include "sync/heavy_fence.h"

#ifdef CLEAVE_HAVE_URCU
#include <urcu/urcu-memb.h>
#endif

namespace cleave::bench {
namespace {

namespace sync = detail::sync;

// liburcu is called as a library, since only programs under its own licence may take its functions
// inline. So ours are called too, for the comparison, and measured inline beside it.
[[gnu::noinline]] void enter(sync::Section& section) { section.enter_reading(); }
[[gnu::noinline]] void leave(sync::Section& section) { section.leave(); }

template <class Enter, class Leave>
double per_section(const Settings& settings, Enter enter_one, Leave leave_one) {
  constexpr int kTimes = 20'000;
  return median_of_batches(settings.quick ? 50 : 500, [&] {
    return measure::nanoseconds_for([&] {
             for (int i = 0; i < kTimes; ++i) {
               enter_one();
               leave_one();
             }
           }) /
           kTimes;
  });
}

// Another thread, on another processor, in and out of sections without pause. `Reader` is made over
// there.
template <class Reader>
class Busy {
 public:
  template <class... Arguments>
  explicit Busy(Arguments&... arguments)
      : thread_([&](const std::stop_token& stop) {
          const measure::OnProcessor here(1);
          Reader reader(arguments...);
          while (!stop.stop_requested()) {
            reader.enter();
            reader.leave();
            running_.store(true, std::memory_order_relaxed);
          }
        }) {
    while (!running_.load(std::memory_order_relaxed)) {
    }
  }

 private:
  std::atomic<bool> running_{false};
  std::jthread thread_;
};

struct OurReader {
  explicit OurReader(sync::Section& one) : section(one) {}
  void enter() { section.enter_reading(); }
  void leave() { section.leave(); }
  sync::Section& section;
};

#ifdef CLEAVE_HAVE_URCU

struct UrcuReader {
  UrcuReader() { urcu_memb_register_thread(); }
  ~UrcuReader() { urcu_memb_unregister_thread(); }
  void enter() { urcu_memb_read_lock(); }
  void leave() { urcu_memb_read_unlock(); }
};

double urcu_section(const Settings& settings) {
  UrcuReader registered;
  return per_section(
      settings, [&] { registered.enter(); }, [&] { registered.leave(); });
}

#endif

std::vector<Row> section(const Settings& settings) {
  sync::Section ours;
  const auto called = [&] {
    return per_section(
        settings, [&] { enter(ours); }, [&] { leave(ours); });
  };
  Row row{.name = "sync/section", .unit = "ns"};
#ifdef CLEAVE_HAVE_URCU
  row.baseline = "rcu_read_lock and rcu_read_unlock of liburcu, memb flavour";
  auto [mine, urcu] = in_turn(settings.runs(), called, [&] { return urcu_section(settings); });
  row.theirs = urcu;
#else
  auto [mine] = in_turn(settings.runs(), called);
#endif
  row.ours = mine;
  const auto inlined = [&](auto enter_one) {
    return per_section(settings, enter_one, [&] { ours.leave(); });
  };
  row.details["reading_inlined"] = inlined([&] { ours.enter_reading(); });
  row.details["writing_strong_inlined"] = inlined([&] {
    ours.start_strong(0);
    ours.enter_writing();
  });
  // It turns light after some thousand times, in the first of the batches.
  row.details["writing_light_inlined"] = inlined([&] { ours.enter_writing(); });
  return {row};
}

std::vector<Row> grace(const Settings& settings) {
  const int periods = settings.quick ? 500 : 5'000;
  const measure::OnProcessor here(0);
  const auto each = [periods](auto wait) {
    Samples times;
    for (int i = 0; i < periods; ++i) times.add(measure::nanoseconds_for(wait));
    return times.median();
  };
  sync::Section section;
  const auto fence = [] { sync::heavy_fence("bench.grace"); };
  const auto ours = [&] {
    const Busy<OurReader> reader(section);
    return each([&] {
      fence();
      section.wait_until_idle();
    });
  };
  const auto fence_alone = [&] {
    const Busy<OurReader> reader(section);
    return each(fence);
  };
  Row row{.name = "sync/grace", .unit = "ns"};
#ifdef CLEAVE_HAVE_URCU
  row.baseline = "synchronize_rcu of liburcu, memb flavour, one busy reader as well";
  auto [mine, urcu, fences] = in_turn(
      settings.runs(), ours,
      [&] {
        const Busy<UrcuReader> reader;
        return each([] { urcu_memb_synchronize_rcu(); });
      },
      fence_alone);
  row.theirs = urcu;
#else
  auto [mine, fences] = in_turn(settings.runs(), ours, fence_alone);
#endif
  row.ours = mine;
  row.details["heavy_fence_alone"] = fences.median();
  row.details["heavy_fence_with_no_other_thread"] = each(fence);
  return {row};
}

}  // namespace

std::vector<Benchmark> sync_benchmarks() {
  return {{"sync/section", "entering and leaving a reading section", section},
          {"sync/grace", "waiting until no reader is inside from before", grace}};
}

}  // namespace cleave::bench
