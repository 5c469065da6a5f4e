// A signal handler that asks who watches, while watchers come and go.
#include "arena/signals/watch_slot.h"

#include <csignal>
#include <memory>

#include "tests/explored/scenes.h"

namespace lab::engine {
namespace {

using cleave::detail::FaultWatcher;
using cleave::detail::Watch;
using cleave::detail::WatchSlot;
using explore::Memory;
using explore::Outcome;

// Watchers are their addresses here: what they would do is looked at by whether they live.
FaultWatcher* watcher(std::uintptr_t number) {
  return reinterpret_cast<FaultWatcher*>(number * 0x1000);  // NOLINT: never looked behind
}
Watch watch(std::uintptr_t number) {
  return {watcher(number), number * 0x100, number * 0x100 + 0x80, number == 1 ? SIGSEGV : SIGBUS};
}

struct OneSlot {
  explicit OneSlot(Stage& s) : slot(*new (s.adapter.allocate(sizeof(WatchSlot), 64)) WatchSlot) {
    slot.write(watch(1));
  }

  WatchSlot& slot;
  explore::Shared<bool> first_has_ended{"the first watcher has ended"};
  bool torn = false;
  bool too_late = false;
  std::uint64_t seen = 0;

  void look_at(const Watch& found) {
    if (found.watcher == nullptr) return;
    ++seen;
    const Watch whole = watch(found.watcher == watcher(1) ? 1 : 2);
    torn = torn || found.first != whole.first || found.end != whole.end ||
           found.signal != whole.signal;
  }
  // As a handler has every range of a signal opened.
  void visit() {
    slot.visit([this](const Watch& found) {
      look_at(found);
      if (found.watcher == watcher(1))
        too_late =
            explore::look("asks the watcher", [&] { return first_has_ended.read(); }) || too_late;
    });
  }
  // As a handler looks whose a fault is; its watcher cannot end meanwhile.
  void read() { look_at(slot.read()); }
  // The first watcher ends, and another takes the slot.
  void change() {
    slot.write({});
    slot.wait_for_visitors();
    explore::put("the first watcher ends", first_has_ended, true);
    slot.write(watch(2));
  }
};
using SlotRun = std::shared_ptr<std::unique_ptr<OneSlot>>;

Script of_threads(std::vector<Part> (*threads)(OneSlot&)) {
  SlotRun run = std::make_shared<std::unique_ptr<OneSlot>>();
  return {[run](Stage& s) { *run = std::make_unique<OneSlot>(s); },
          [run, threads](Stage&) { return threads(**run); },
          [run](Stage& s, Outcome& outcome) -> std::string {
            const OneSlot& all = **run;
            outcome.note("seen", all.seen);
            s.adapter.deallocate(&all.slot);
            if (all.torn) return "a handler took half of one watcher's range for half of another's";
            return all.too_late ? "a handler asked a watcher that had ended" : "";
          }};
}

Script a_visit_while_the_watcher_changes() {
  return of_threads([](OneSlot& run) -> std::vector<Part> {
    return {{"handler", [&run] { run.visit(); }}, {"owner", [&run] { run.change(); }}};
  });
}

Script two_reads_while_the_watcher_changes() {
  return of_threads([](OneSlot& run) -> std::vector<Part> {
    return {{"handler", [&run] { run.read(); }},
            {"handler", [&run] { run.read(); }},
            {"owner", [&run] { run.change(); }}};
  });
}

TEST(ExploredWatchSlot, IsVisitedWithAWatcherThatLives) {
  expect_nothing_breaks(&a_visit_while_the_watcher_changes);
}
TEST(ExploredWatchSlot, IsReadWholeOrAsEmpty) {
  expect_nothing_breaks(&two_reads_while_the_watcher_changes);
}
TEST(ExploredWatchSlot, MissesTheWaitForItsVisitors) {
  expect_missed("watch.visitors", &a_visit_while_the_watcher_changes, Memory::sc);
}

}  // namespace
}  // namespace lab::engine
