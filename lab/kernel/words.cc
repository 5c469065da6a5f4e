// What each word of the language is on a running kernel.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "lab/kernel/actor.h"
#include "lab/kernel/sight.h"

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

// A page that waits in a batch to be marked would be swapped out like any other.
bool give_up(char* address, std::size_t bytes) {
  const bool done = madvise(address, bytes, MADV_FREE) == 0;
  drain_batches();
  return done;
}

bool move(char* from, char* to, std::size_t bytes) {
  return mremap(from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to;
}

// The folio of the page becomes small pages, through the file that debugfs has for it.
bool split(const char* address, std::size_t bytes) {
  std::error_code error;
  std::string pid(32, '\0');
  const ssize_t length = readlink("/proc/self", pid.data(), pid.size());
  if (length <= 0) return false;
  pid.resize(static_cast<std::size_t>(length));
  const auto from = reinterpret_cast<std::uintptr_t>(address);
  std::ofstream file("/sys/kernel/debug/split_huge_pages");
  file << pid << std::hex << ",0x" << from << ",0x" << from + bytes << std::flush;
  return file.good() && (look_at(address).flags >> kFlagHuge & 1) == 0;
}

bool can_read(int file, std::chrono::milliseconds time) {
  pollfd of{file, POLLIN, 0};
  return poll(&of, 1, static_cast<int>(time.count())) == 1;
}

}  // namespace

Actor::Then Actor::perform(const judge::Script& line, const judge::Instruction& i) {
  const litmus::Operation& operation = *i.operation;
  switch (operation.word) {
    case Word::signal:
      board_.signals[i.signal] = true;
      board_.gate.open();
      break;
    case Word::wait:
      if (operation.name.ends_with(".exit"))
        await_exit(i.child);
      else
        board_.gate.wait([&] { return board_.signals[i.signal].load(); });
      break;
    case Word::read:
      store(i, load_from(play_.spots[i.page].address + offset(operation.place.half)));
      break;
    case Word::peek: {
      const bool taken = board_.references[i.reference].taken;
      const auto seen = taken ? references_[i.reference]->peek(operation.half) : std::nullopt;
      if (taken && !seen)
        board_.say(fmt::format("\"{}\": the kernel does not let us look", i.text));
      store(i, seen.value_or(0));
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

void Actor::note_refusal(const judge::Instruction& instruction) {
  const auto found = std::ranges::find(play_.watched, &instruction);
  if (found != play_.watched.end())
    board_.refused |= std::uint64_t{1} << (found - play_.watched.begin());
}

// What threads ask of the kernel for themselves. Whether it was done.
bool Actor::work(const judge::Instruction& i, model::ProcessId process) {
  const litmus::Operation& operation = *i.operation;
  const bool has_place = !operation.place.page.empty();
  char* at = has_place ? play_.spots[i.page].address : nullptr;
  const std::size_t bytes = has_place ? play_.spots[i.page].bytes * i.pages : 0;
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
      if (board_.references[i.reference].taken &&
          !references_[i.reference]->poke(operation.half, operation.value))
        board_.say(fmt::format("\"{}\": the kernel does not let us write", i.text));
      return true;
    case Word::drop:
      if (board_.references[i.reference].taken.exchange(false)) references_[i.reference]->drop();
      return true;
    case Word::unmap:
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
      return write_protect(at, bytes);
    case Word::unwp:
      return write_unprotect(at, bytes);
    case Word::serve:
      serve_write_fault(at, board_.gate);
      return true;
    case Word::clear_refs:
      return clear_refs();
    case Word::move:
      return move(at, play_.spots[i.other].address, bytes);
    case Word::uffd_move:
      return move_by_userfaultfd(at, play_.spots[i.other].address, bytes);
    default:
      return act(i);
  }
}

// What the kernel does by itself, and here is brought to do.
bool Actor::act(const judge::Instruction& i) {
  const bool has_place = !i.operation->place.page.empty();
  char* at = has_place ? play_.spots[i.page].address : nullptr;
  const std::size_t bytes = has_place ? play_.spots[i.page].bytes * i.pages : 0;
  switch (i.operation->word) {
    case Word::swapout:
      return swap_out(play_, at, bytes);
    case Word::swapoff:
      return swapoff(play_.swap_file.c_str()) == 0;
    case Word::merge:
      return merge(i);
    case Word::unmerge:
      return madvise(at, bytes, MADV_UNMERGEABLE) == 0;
    case Word::split:
      return split(at, bytes);
    case Word::split_pmd:
      return split_pmd(at);
    case Word::collapse:
      return madvise(at, kHugePage, MADV_COLLAPSE) == 0;
    default:
      board_.say("no way to do \"" + i.text + "\" here");
      return false;
  }
}

bool Actor::take(const judge::Instruction& i, model::ProcessId process) {
  Board::Reference& reference = board_.references[i.reference];
  const int error = references_[i.reference]->take(play_.spots[i.page].address);
  if (error != 0 && error != EFAULT)
    board_.say(fmt::format("{} by {}: {}", play_.plan.references[i.reference],
                           name(play_.uses[i.reference].means), std::strerror(error)));
  if (error != 0) return false;
  reference.process = process;
  reference.page = i.page;
  reference.frame = frame_at(play_.spots[i.page].address);
  reference.taken = true;
  return true;
}

bool Actor::merge(const judge::Instruction& i) {
  const bool within = i.other_process == i.process;
  char* const at = play_.spots[i.page].address;
  const auto merged = merge_pages(at, within ? play_.spots[i.other].address : nullptr);
  if (!merged) board_.say("KSM did not scan all pages in 2 s: others have it look at many");
  // No copy: see note_copies(), which the other process calls later.
  if (merged == true && !within) board_.processes[i.other_process].frames[i.other] = frame_at(at);
  return merged.value_or(false);
}

// The child has this thread alone, which becomes the one that answers for it.
bool Actor::fork(const judge::Instruction& i, model::ProcessId process) {
  Board::Process& child = board_.processes[i.child];
  note_copies(process);
  for (const model::PageNo page : play_.copied)
    child.frames[page] = board_.processes[process].frames[page].load();
  child.shown = board_.reel.asked.load();
  child.life = Life::running;
  // The kernel leaves these to the child's faults, the model does not.
  const std::vector<const char*> shared = shared_and_mapped();
  const pid_t pid = ::fork();
  if (pid == 0) {
    for (const char* page : shared) (void)try_read(page);
    live(i.child);
  }
  if (pid < 0) child.life = Life::absent;
  return pid > 0;
}

std::vector<const char*> Actor::shared_and_mapped() const {
  std::vector<const char*> pages;
  for (const Spot& spot : play_.spots) {
    const bool shared = play_.plan.setup.pages[spot.declaration].kind == model::PageKind::shared;
    if (shared && frame_at(spot.address) != 0) pages.push_back(spot.address);
  }
  return pages;
}

void Actor::exit(model::ProcessId process) {
  board_.processes[process].life = Life::exited;
  board_.gate.open();
  _exit(0);
}

// Its memory is gone when its process can be waited for, and not before.
void Actor::await_exit(model::ProcessId process) {
  Board::Process& other = board_.processes[process];
  board_.gate.wait([&] { return other.pid != 0; });
  const int file = static_cast<int>(syscall(SYS_pidfd_open, other.pid.load(), 0));
  while (file >= 0 && !can_read(file, std::chrono::seconds(1))) {
  }
  close(file);
}

}  // namespace lab::kernel
