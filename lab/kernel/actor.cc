#include "lab/kernel/actor.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csetjmp>
#include <csignal>
#include <memory>
#include <thread>

#include "lab/kernel/order.h"
#include "lab/kernel/sight.h"

namespace lab::kernel {
namespace {

Board* fault_board = nullptr;
model::ProcessId fault_process = 0;
thread_local sigjmp_buf* resume = nullptr;

void on_fault(int, siginfo_t* what, void*) {
  if (resume != nullptr) siglongjmp(*resume, 1);
  // Else it is not the test that fails.
  if (!is_of_the_test(what->si_addr)) fault_board->say("a process fell by a fault of its own");
  fault_board->processes[fault_process].life = Life::killed;
  fault_board->gate.open();
  _exit(1);
}

bool changes_the_picture(const judge::Instruction& instruction) {
  if (instruction.operation == nullptr) return false;
  const bool waits_for_end = instruction.operation->word == litmus::Word::wait &&
                             instruction.operation->name.ends_with(".exit");
  return acts(instruction) || waits_for_end;
}

// Chance of a thread's own: how long to wait before a statement, where nothing orders it.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 1) {}
  void wait() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    // Half of the times not at all; else as long as a fault or a fork takes, about.
    const std::uint64_t turns = (state_ & 1) != 0 ? 0 : (state_ >> 8) % 4096;
    for (std::uint64_t i = 0; i < turns; ++i) __builtin_ia32_pause();
  }

 private:
  std::uint64_t state_;
};

// In another frame afterwards, and no copy.
bool moves_to_other_frames(const judge::Instruction& instruction) {
  if (instruction.operation == nullptr) return false;
  switch (instruction.operation->word) {
    case litmus::Word::merge:
    case litmus::Word::move:
    case litmus::Word::uffd_move:
      return true;
    default:
      return false;
  }
}

}  // namespace

void catch_faults(Board& board, model::ProcessId process) {
  fault_board = &board;
  fault_process = process;
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_NODEFER | SA_SIGINFO;
  sigaction(SIGSEGV, &action, nullptr);
  sigaction(SIGBUS, &action, nullptr);
}

std::optional<std::uint64_t> try_read(const char* address) {
  sigjmp_buf place;
  resume = &place;
  std::optional<std::uint64_t> value;
  if (sigsetjmp(place, 1) == 0) value = *reinterpret_cast<const volatile std::uint64_t*>(address);
  resume = nullptr;
  return value;
}

void Actor::begin() {
  catch_faults(board_, 0);
  forget_page_table();
  for (std::size_t i = 0; i < play_.uses.size(); ++i) {
    references_.push_back(make_reference(play_.uses[i], play_.fuse + i));
    if (references_.back() == nullptr)
      board_.say(
          fmt::format("{} by {}: refused", play_.plan.references[i], name(play_.uses[i].means)));
  }
  if (auto laid = lay_out_pages(play_); !laid) board_.say(laid.error());
  live(0);
}

void Actor::live(model::ProcessId process) {
  Board::Process& self = board_.processes[process];
  catch_faults(board_, process);
  forget_page_table();
  note_copies(process);
  self.pid = getpid();
  self.life = Life::running;
  board_.gate.open();
  // A child of a run that is looked at does nothing before its fork has been looked at.
  const std::uint32_t shown_before = self.shown;
  const auto may_begin = [&] {
    if (board_.phase == Phase::prepare) return false;
    const Reel& reel = board_.reel;
    return process == 0 || !reel.running || reel.spoilt ||
           (self.shown > shown_before && reel.taken >= self.shown);
  };
  await(process, may_begin);
  const auto mine = std::ranges::count(play_.plan.scripts, process, &judge::Script::process);
  // Else the first would mostly be through before the last begins. Who slept here would come last.
  const auto missing = std::make_shared<std::atomic<std::ptrdiff_t>>(mine);
  // They end with the process, at the latest.
  for (std::size_t i = 0; i < play_.plan.scripts.size(); ++i)
    if (play_.plan.scripts[i].process == process)
      std::thread([this, i, missing] {
        for (--*missing; *missing > 0;) std::this_thread::yield();
        perform(play_.plan.scripts[i], i);
      }).detach();
  for (const Phase phase : {Phase::look, Phase::read}) {
    await(process, [&] { return board_.phase >= phase; });
    if (phase == Phase::look)
      for (model::PageNo page = 0; page < play_.spots.size(); ++page)
        self.sights[page] = look_at(play_.spots[page].address);
    else
      tell(process);
    self.answered = phase;
    board_.gate.open();
  }
  for (;;) pause();
}

// Until it is so, this process shows itself whenever somebody asks.
template <typename Ready>
void Actor::await(model::ProcessId process, Ready ready) {
  for (;;) {
    board_.gate.wait([&] { return ready() || is_asked(board_, process); });
    if (!is_asked(board_, process)) return;
    show(play_, board_, process);
  }
}

void Actor::tell(model::ProcessId process) {
  Board::Process& self = board_.processes[process];
  for (model::PageNo page = 0; page < play_.spots.size(); ++page) {
    const char* const at = play_.spots[page].address;
    const bool swapped = self.sights[page].swapped();
    if (!play_.read[page] && !swapped) continue;
    for (const litmus::Half half : {litmus::Half::a, litmus::Half::b})
      self.contents[page][half == litmus::Half::b ? 1 : 0] =
          try_read(at + offset(half)).value_or(judge::kUnreadable);
    // Out of the swap cache it comes as it was; from the device, in a new frame.
    self.back[page] = swapped ? frame_at(at) : 0;
  }
}

void Actor::perform(const judge::Script& line, std::size_t number) {
  Chance chance(run_ * kLines + number);
  for (std::size_t at = 0; at < line.code.size();) {
    board_.lines[number].at = static_cast<std::uint32_t>(at);
    if (!play_.ordered) chance.wait();
    const judge::Instruction& instruction = line.code[at];
    Then then = Then::next;
    if (instruction.operation != nullptr)
      then = perform(line, instruction);
    else if ((board_.registers[instruction.reg] == instruction.value) != instruction.equal)
      then = Then::otherwise;
    note_copies(line.process, &instruction);
    if (board_.reel.running && changes_the_picture(instruction))
      shoot(play_, board_, static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(at));
    ++board_.steps;
    at = then == Then::next ? at + 1 : instruction.otherwise;
  }
  board_.lines[number].ended = true;
  board_.gate.open();
}

void Actor::store(const judge::Instruction& instruction, std::uint64_t value) {
  if (instruction.result) board_.registers[*instruction.result] = value;
}

void Actor::note_copies(model::ProcessId process, const judge::Instruction* just_done) {
  if (play_.copied.empty()) return;
  Board::Process& self = board_.processes[process];
  const bool moved = just_done != nullptr && moves_to_other_frames(*just_done);
  // Two threads that look at once could each find what the other had found before.
  while (self.looking.test_and_set()) std::this_thread::yield();
  for (const model::PageNo page : play_.copied) {
    const std::uint64_t now = frame_at(play_.spots[page].address);
    const std::uint64_t before = self.frames[page].exchange(now);
    if (now == 0 || before == 0 || now == before || moved) continue;
    // To write where the zero page is mapped copies nothing.
    if (!Sight{0, flags_of(before)}.is(kFlagZeroPage)) ++board_.copies[page];
  }
  self.looking.clear();
}

}  // namespace lab::kernel
