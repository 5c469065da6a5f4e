#include "lab/model/mm/fault.h"
#include "lab/model/mm/operations.h"
#include "lab/model/world/locks.h"

namespace lab::model {
namespace {

constexpr int kMostRounds = 32;

// Without locks, and whole: who takes an entry away also flushes what CPUs remember of it.
bool store(World& world, Task task, PageNo page, Value value, Half half) {
  return step("cpu: stores", [&] {
    const EntryRef spot = world.find(task.process, page);
    if (!spot.entry.is(EntryKind::page) || !spot.entry.writable) return false;
    world.page(spot.entry).half(half).write(value);
    if (!spot.entry.dirty) {
      Entry entry = spot.entry;
      entry.dirty = true;
      world.change(spot, entry);
    }
    return true;
  });
}

std::optional<Value> load(World& world, Task task, PageNo page, Half half) {
  return look("cpu: loads", [&]() -> std::optional<Value> {
    if (world.region(task.process, page).protection == Protection::none) return std::nullopt;
    const Entry entry = world.find(task.process, page).entry;
    if (entry.is(EntryKind::zero)) return 0;
    if (!entry.is(EntryKind::page)) return std::nullopt;
    return world.page(entry).half(half).read();
  });
}

FaultResult fault_or_die(World& world, Task task, PageNo page, Fault kind) {
  const FaultResult faulted = fault(world, task, page, {kind});
  if (faulted.answer == Answer::killed) kill(world, task);
  return faulted;
}

struct ForcedLook {
  enum class Next : std::uint8_t { write, fault, refused } next;
  Entry entry = {};
};

// For the moment of the write: a reference, or, where plain references are holds, a pin.
void hold_for_writing(World& world, Folio& folio, std::int32_t number) {
  if (world.rules.get == Get::hold)
    folio.pins.add(number);
  else if (number > 0)
    folio.refs.add(number);
  else
    world.put(folio);
}

ForcedLook look_by_force(World& world, Task task, PageNo page, bool after_copy) {
  return in_table("force: looks up", world.process(task.process), [&]() -> ForcedLook {
    using Next = ForcedLook::Next;
    const Region region = world.region(task.process, page);
    const bool allowed = region.protection == Protection::write;
    const bool not_forced =
        region.shared || (region.hugetlb && world.rules.force_hugetlb == Flag::no);
    if (!region.mapped || (not_forced && !allowed)) return {Next::refused};
    const EntryRef spot = world.find(task.process, page);
    if (!spot.entry.is(EntryKind::page)) return {Next::fault};
    const auto take = [&]() -> ForcedLook {
      hold_for_writing(world, world.folio(spot.entry), 1);
      return {Next::write, spot.entry};
    };
    if (spot.entry.writable) return take();
    if (allowed || spot.entry.wp) return {Next::fault};
    const Decision accepts =
        force_accepts(world.rules, world.counts(spot), spot.entry.dirty, after_copy);
    decided(accepts.why);
    return accepts ? take() : ForcedLook{Next::fault};
  });
}

// A rule-set that drops the wish to write faults as for reading from then on.
Fault forced_fault(const World& world, bool after_copy) {
  return after_copy && world.rules.force_write == ForceWrite::drop_write ? Fault::read
                                                                         : Fault::write;
}

Answer force_locked(World& world, Task task, PageNo page, Value value, Half half) {
  bool after_copy = false;
  for (int round = 0; round < kMostRounds; ++round) {
    const ForcedLook found = look_by_force(world, task, page, after_copy);
    if (found.next == ForcedLook::Next::refused) return Answer::failed;
    if (found.next == ForcedLook::Next::write) {
      step("force: writes", [&] {
        Folio& folio = world.folio(found.entry);
        folio.pages[found.entry.index].half(half).write(value);
        folio.dirty.write(true);
        hold_for_writing(world, folio, -1);
      });
      return Answer::done;
    }
    FaultFlags how;
    how.kind = forced_fault(world, after_copy);
    how.forced = true;
    how.holds_map = true;
    how.may_wait = false;  // access_process_vm() gives up instead: EIO
    const FaultResult faulted = fault(world, task, page, how);
    if (faulted.answer != Answer::done) return Answer::failed;
    after_copy = after_copy || faulted.write_done;
  }
  broken("a forced write faults for ever");
}

}  // namespace

std::optional<Value> read_memory(World& world, Task task, PageNo page, Half half) {
  for (int round = 0; round < kMostRounds; ++round) {
    if (const auto value = load(world, task, page, half)) return value;
    if (fault_or_die(world, task, page, Fault::read).answer == Answer::killed) return std::nullopt;
  }
  broken("a load faults for ever");
}

Answer write_memory(World& world, Task task, PageNo page, Value value, Half half) {
  for (int round = 0; round < kMostRounds; ++round) {
    if (store(world, task, page, value, half)) return Answer::done;
    if (fault_or_die(world, task, page, Fault::write).answer == Answer::killed)
      return Answer::killed;
  }
  broken("a store faults for ever");
}

// With the mmap lock for reading from the first look until the bytes are written: no fork comes in
// between.
Answer force_memory(World& world, Task task, PageNo page, Value value, Half half) {
  Process& process = world.process(task.process);
  lock_map_for_reading(process);
  const Answer answer = force_locked(world, task, page, value, half);
  unlock_map_for_reading(process);
  return answer;
}

void kill(World& world, Task task) {
  step("killed", [&] { world.process(task.process).killed.write(true); });
  exit_process(world, task);
}

void exit_process(World& world, Task task) {
  Process& process = world.process(task.process);
  const bool first = await(
      "exit", [&] { return !process.map_writer.read() && process.map_readers.read() == 0; },
      [&] {
        const bool already = process.exited.read();
        process.map_writer.write(!already);
        return !already;
      });
  if (!first) return;
  for (PageNo page = 0; page < process.pages.size(); ++page) {
    in_table("exit: unmaps", process, [&] {
      if (!process.pages[page].region.read().mapped) return;
      world.zap(task.process, page);
      process.pages[page].region.write({});
    });
  }
  step("exit: done", [&] {
    process.exited.write(true);
    process.map_writer.write(false);
  });
}

}  // namespace lab::model
