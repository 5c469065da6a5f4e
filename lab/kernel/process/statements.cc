// What each word of the language is on a running kernel.
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "lab/kernel/process/memory_calls.h"
#include "lab/kernel/process/test_process.h"
#include "lab/kernel/process/userfaultfd.h"
#include "lab/kernel/shared/pagemap.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

namespace lab::kernel {
namespace {

using litmus::Word;

int protection_of(litmus::Protection protection) {
  switch (protection) {
    case litmus::Protection::none:
      return PROT_NONE;
    case litmus::Protection::ro:
      return PROT_READ;
    case litmus::Protection::rw:
      break;
  }
  return PROT_READ | PROT_WRITE;
}

void store_to(char* address, std::uint64_t value) {
  *reinterpret_cast<volatile std::uint64_t*>(address) = value;
}

std::uint64_t load_from(const char* address) {
  return *reinterpret_cast<const volatile std::uint64_t*>(address);
}

bool force(const char* address, std::uint64_t value) {
  const int memory = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
  if (memory < 0) return false;
  const auto at = static_cast<off_t>(reinterpret_cast<std::uintptr_t>(address));
  const bool done = pwrite(memory, &value, sizeof value, at) == sizeof value;
  close(memory);
  return done;
}

bool clear_refs() {
  std::ofstream file("/proc/self/clear_refs");
  file << "4" << std::flush;
  return file.good();
}

bool map_fresh(char* address, std::size_t bytes) {
  return mmap(address, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
              0) == address;
}

// A page that waits in a batch, to come on a list or to be marked, would stay as it is or be
// swapped out like any other.
bool give_up(char* address, std::size_t bytes) {
  drain_batches();
  const bool done = madvise(address, bytes, MADV_FREE) == 0;
  drain_batches();
  return done;
}

bool move(char* from, char* to, std::size_t bytes) {
  return mremap(from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to;
}

bool is_large(const char* address) { return (page_info(address).flags >> kFlagHuge & 1) != 0; }

// A hint about a part splits what this process alone maps, unless references other than entries
// hold it: then it was tried, and refused. Nothing: what others map is passed by.
std::optional<bool> split_by_hint(char* address) {
  drain_batches();
  const bool alone = maps_large_folio_alone(address);
  madvise(address, kSmallPage, MADV_COLD);
  if (!is_large(address)) return true;
  return alone ? std::optional(false) : std::nullopt;
}

// The folio of the page becomes small pages, through the file that debugfs has for it, or where a
// kernel is locked down and has no such way, by a hint.
std::optional<bool> split(char* address, std::size_t bytes) {
  const pid_t pid = listed_pid();
  if (pid == 0) return false;
  const auto from = reinterpret_cast<std::uintptr_t>(address);
  std::ofstream file("/sys/kernel/debug/split_huge_pages");
  if (!file.is_open()) return split_by_hint(address);
  file << pid << std::hex << ",0x" << from << ",0x" << from + bytes << std::flush;
  return file.good() && !is_large(address);
}

// What has just come from swap waits in a batch, which holds a reference: then once more.
bool collapse(char* address) {
  for (int i = 0; i < 3; ++i)
    if (madvise(address, kHugePage, MADV_COLLAPSE) == 0) return true;
  return false;
}

bool can_read(int file, std::chrono::milliseconds time) {
  pollfd of{file, POLLIN, 0};
  return poll(&of, 1, static_cast<int>(time.count())) == 1;
}

}  // namespace

TestProcess::Then TestProcess::perform(const judge::ThreadPlan& line, const judge::Instruction& i) {
  const litmus::Operation& operation = *i.operation;
  switch (operation.word) {
    case Word::signal:
      shared_.signals[i.signal] = true;
      shared_.changed.wake_all();
      break;
    case Word::wait:
      if (operation.name.ends_with(".exit"))
        await_exit(i.child);
      else
        shared_.changed.wait([&] { return shared_.signals[i.signal].load(); });
      break;
    case Word::read:
      store(i, load_from(test_.placements[i.page].address + offset(operation.place.half)));
      break;
    case Word::peek: {
      const bool taken = shared_.references[i.reference].taken;
      const auto seen = taken ? references_[i.reference]->peek(operation.half) : std::nullopt;
      if (taken && !seen)
        shared_.fail(fmt::format("\"{}\": the kernel does not let us look", i.text));
      store(i, seen.value_or(0));
      break;
    }
    case Word::serve: {
      const auto number = static_cast<std::size_t>(&line - test_.plan.threads.data());
      serve_fault(test_.placements[i.page].address, shared_.threads[number].heard_nothing);
      store(i, 1);
      break;
    }
    case Word::exit:
      exit(line.process);
      break;
    default: {
      const bool done = work(i, line.process);
      if (!done) note_refusal(i);
      store(i, done ? 1 : 0);
      break;
    }
  }
  return Then::next;
}

void TestProcess::note_refusal(const judge::Instruction& instruction) {
  const auto found = std::ranges::find(test_.watched, &instruction);
  if (found != test_.watched.end())
    shared_.refused |= std::uint64_t{1} << (found - test_.watched.begin());
}

// What threads ask of the kernel for themselves. Whether it was done.
bool TestProcess::work(const judge::Instruction& i, model::ProcessId process) {
  const litmus::Operation& operation = *i.operation;
  const bool has_place = !operation.place.page.empty();
  char* at = has_place ? test_.placements[i.page].address : nullptr;
  const std::size_t bytes = has_place ? test_.placements[i.page].bytes * i.pages : 0;
  switch (operation.word) {
    case Word::write:
      store_to(at + offset(operation.place.half), operation.value);
      return true;
    case Word::force:
      return force(at + offset(operation.place.half), operation.value);
    case Word::fork:
      return fork(i, process);
    case Word::get:
    case Word::pin:
      return take(i, process);
    case Word::poke:
      if (shared_.references[i.reference].taken &&
          !references_[i.reference]->poke(operation.half, operation.value))
        shared_.fail(fmt::format("\"{}\": the kernel does not let us write", i.text));
      return true;
    case Word::drop:
      if (shared_.references[i.reference].taken.exchange(false)) references_[i.reference]->drop();
      return true;
    case Word::unmap:
      forget_faults(at, bytes);
      return munmap(at, bytes) == 0;
    case Word::map:
      return map_fresh(at, bytes);
    case Word::discard:
      return madvise(at, bytes, MADV_DONTNEED) == 0;
    case Word::free:
      return give_up(at, bytes);
    case Word::protect:
      return mprotect(at, bytes, protection_of(operation.protection)) == 0;
    case Word::dontfork:
      return madvise(at, bytes, MADV_DONTFORK) == 0;
    case Word::dofork:
      return madvise(at, bytes, MADV_DOFORK) == 0;
    case Word::wipeonfork:
      return madvise(at, bytes, MADV_WIPEONFORK) == 0;
    case Word::wp:
      return write_protect(at, bytes, operation.mode);
    case Word::unwp:
      return write_unprotect(at, bytes);
    case Word::missing:
      return register_faults(at, bytes, Faults::missing);
    case Word::minor:
      return register_faults(at, bytes, Faults::minor);
    case Word::uffd_copy:
      return supply_bytes(at, bytes, operation.value, operation.protects);
    case Word::uffd_zeropage:
      return supply_zeroes(at, bytes);
    case Word::uffd_continue:
      return supply_cached(at, bytes, operation.protects);
    case Word::clear_refs:
      return clear_refs();
    case Word::move:
      forget_faults(at, bytes);
      forget_faults(test_.placements[i.other].address, moved_bytes(i));
      return move(at, test_.placements[i.other].address, moved_bytes(i));
    case Word::uffd_move:
      return move_by_userfaultfd(at, test_.placements[i.other].address, moved_bytes(i));
    default:
      return act(i);
  }
}

// A part of a large folio that moves to where a page is, or from there, is its first page.
std::size_t TestProcess::moved_bytes(const judge::Instruction& i) const {
  const std::size_t from = test_.placements[i.page].bytes * i.pages;
  return i.pages > 1 ? from : std::min(from, test_.placements[i.other].bytes);
}

// What the kernel does by itself, and here is brought to do.
bool TestProcess::act(const judge::Instruction& i) {
  const bool has_place = !i.operation->place.page.empty();
  char* at = has_place ? test_.placements[i.page].address : nullptr;
  const std::size_t bytes = has_place ? test_.placements[i.page].bytes * i.pages : 0;
  switch (i.operation->word) {
    case Word::swapout:
      return !is_absent(at, bytes) && swap_out(i, at, bytes);
    case Word::swapoff:
      return swapoff(test_.swap_file.c_str()) == 0;
    case Word::merge:
      return merge(i);
    case Word::unmerge:
      return madvise(at, bytes, MADV_UNMERGEABLE) == 0;
    case Word::split:
      if (const auto done = split(at, bytes)) return *done;
      shared_.fail("splitting folios: split_huge_pages of debugfs cannot be opened");
      return false;
    case Word::split_pmd:
      return is_mapped_whole(at) && split_pmd(at);
    case Word::collapse:
      return collapse(at);
    default:
      shared_.fail("no way to do \"" + i.text + "\" here");
      return false;
  }
}

bool TestProcess::swap_out(const judge::Instruction& i, char* at, std::size_t bytes) {
  std::vector<pid_t> others;
  for (std::size_t other = 0; other < test_.plan.processes.size(); ++other)
    if (other != i.process && shared_.processes[other].state == ProcessState::running)
      others.push_back(shared_.processes[other].listed);
  const auto out = kernel::swap_out(test_, at, bytes, others);
  // Where the condition asks for the answer there is none to give; else this run shows nothing.
  if (!out && std::ranges::find(test_.watched, &i) == test_.watched.end())
    shared_.fail("reclaim would take what another process has given up of its own");
  return out.value_or(false);
}

bool TestProcess::take(const judge::Instruction& i, model::ProcessId process) {
  SharedState::Reference& reference = shared_.references[i.reference];
  const int error = references_[i.reference]->take(test_.placements[i.page].address);
  if (error != 0 && error != EFAULT)
    shared_.fail(fmt::format("{} by {}: {}", test_.plan.references[i.reference],
                             name(test_.reference_uses[i.reference].method), std::strerror(error)));
  if (error != 0) return false;
  reference.process = process;
  reference.page = i.page;
  reference.frame = frame_at(test_.placements[i.page].address);
  reference.taken = true;
  return true;
}

bool TestProcess::merge(const judge::Instruction& i) {
  const bool within = i.other_process == i.process;
  char* const at = test_.placements[i.page].address;
  // `unmerge` has forbidden it.
  allow_merging(test_.placements[i.page]);
  if (within) allow_merging(test_.placements[i.other]);
  const auto merged = merge_pages(at, within ? test_.placements[i.other].address : nullptr);
  if (!merged) shared_.fail("KSM did not scan all pages in 2 s: others have it look at many");
  // No copy: see note_copies(), which the other process calls later.
  if (merged == true && !within) shared_.processes[i.other_process].frames[i.other] = frame_at(at);
  return merged.value_or(false);
}

// The child has this thread alone, which becomes the one that answers for it.
bool TestProcess::fork(const judge::Instruction& i, model::ProcessId process) {
  SharedState::Process& child = shared_.processes[i.child];
  note_copies(process);
  for (const model::PageNo page : test_.copied)
    child.frames[page] = shared_.processes[process].frames[page].load();
  child.samples_given = shared_.recording.requested.load();
  child.state = ProcessState::running;
  // The kernel leaves these to the child's faults, the model does not.
  const std::vector<const char*> shared = shared_and_mapped();
  const pid_t pid = ::fork();
  if (pid == 0) {
    begin_faults_of_child();
    for (const char* page : shared) (void)try_read(page);
    run(i.child);
  }
  if (pid < 0) child.state = ProcessState::absent;
  return pid > 0;
}

std::vector<const char*> TestProcess::shared_and_mapped() const {
  std::vector<const char*> pages;
  for (const Placement& spot : test_.placements) {
    const bool shared = test_.plan.setup.pages[spot.declaration].kind == model::PageKind::shared;
    if (shared && frame_at(spot.address) != 0) pages.push_back(spot.address);
  }
  return pages;
}

void TestProcess::exit(model::ProcessId process) {
  shared_.processes[process].state = ProcessState::exited;
  shared_.changed.wake_all();
  _exit(0);
}

// Its memory is gone when its process can be waited for, and not before.
void TestProcess::await_exit(model::ProcessId process) {
  SharedState::Process& other = shared_.processes[process];
  shared_.changed.wait([&] { return other.pid != 0; });
  const int file = static_cast<int>(syscall(SYS_pidfd_open, other.pid.load(), 0));
  while (file >= 0 && !can_read(file, std::chrono::seconds(1))) {
  }
  close(file);
}

}  // namespace lab::kernel
