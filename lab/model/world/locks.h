// The locks of a process, and steps under them. Where all that happens under a lock is one step,
// no thread could have looked in between, so that the lock need not be taken, only found free.
#pragma once

#include <utility>

#include "lab/model/world/world.h"

namespace lab::model {

/// One step under the page table lock, by a thread that holds the mmap lock or may do without.
template <typename F>
auto in_table(const char* label, Process& process, F&& happen) {
  return await(
      label, [&] { return !process.table_locked.read(); }, std::forward<F>(happen));
}

/// One step under the page table lock and the mmap lock for reading.
template <typename F>
auto in_map(const char* label, Process& process, F&& happen) {
  return await(
      label, [&] { return !process.map_writer.read() && !process.table_locked.read(); },
      std::forward<F>(happen));
}

/// The same for what makes a page be there. Of hugetlb pages that is done by one thread at a time,
/// in all processes that share it: two would each take a page of the pool.
template <typename F>
auto in_fault(const char* label, World& world, Task task, PageNo page, F&& happen) {
  Process& process = world.process(task.process);
  return await(
      label,
      [&] {
        if (process.map_writer.read() || process.table_locked.read()) return false;
        if (world.pool_pages.empty()) return true;
        const Shared<bool>* other = world.hugetlb_fault(world.region(task.process, page));
        return other == nullptr || !other->read() || !performs("hugetlb.one_fault");
      },
      std::forward<F>(happen));
}

/// One step under the page table lock and the mmap lock for writing.
template <typename F>
auto alone_in_map(const char* label, Process& process, F&& happen) {
  return await(
      label,
      [&] {
        return !process.map_writer.read() && process.map_readers.read() == 0 &&
               !process.table_locked.read();
      },
      std::forward<F>(happen));
}

inline void lock_map_for_writing(Process& process) {
  await(
      "mmap lock", [&] { return !process.map_writer.read() && process.map_readers.read() == 0; },
      [&] { process.map_writer.write(true); });
}
inline void lock_map_for_reading(Process& process) {
  await(
      "mmap lock, reading", [&] { return !process.map_writer.read(); },
      [&] { process.map_readers.add(1); });
}
inline void unlock_map_for_reading(Process& process) {
  step("mmap unlock, reading", [&] { process.map_readers.add(-1); });
}
inline void unlock_map(Process& process) {
  step("mmap unlock", [&] { process.map_writer.write(false); });
}

inline void lock_table(Process& process) {
  await(
      "page table lock", [&] { return !process.table_locked.read(); },
      [&] { process.table_locked.write(true); });
}
inline void unlock_table(Process& process) {
  step("page table unlock", [&] { process.table_locked.write(false); });
}

/// Waits for the page lock and takes it.
inline void lock_folio(Folio& folio) {
  await(
      "page lock", [&] { return !folio.locked.read(); }, [&] { folio.locked.write(true); });
}

}  // namespace lab::model
