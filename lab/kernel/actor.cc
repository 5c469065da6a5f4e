#include "lab/kernel/actor.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csetjmp>
#include <csignal>
#include <thread>

#include "lab/kernel/order.h"
#include "lab/kernel/sight.h"

namespace lab::kernel {
namespace {

Board* fault_board = nullptr;
ProcessId fault_process = 0;
thread_local sigjmp_buf* resume = nullptr;

void on_fault(int) {
  if (resume != nullptr) siglongjmp(*resume, 1);
  fault_board->processes[fault_process].life = Life::killed;
  fault_board->gate.open();
  _exit(1);
}

bool changes_the_picture(const Instruction& instruction) {
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

}  // namespace

void catch_faults(Board& board, ProcessId process) {
  fault_board = &board;
  fault_process = process;
  struct sigaction action {};
  action.sa_handler = on_fault;
  action.sa_flags = SA_NODEFER;
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

void Actor::live(ProcessId process) {
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
  // They end with the process, at the latest.
  for (std::size_t i = 0; i < play_.plan.scripts.size(); ++i)
    if (play_.plan.scripts[i].process == process)
      std::thread([this, i] { perform(play_.plan.scripts[i], i); }).detach();
  for (const Phase phase : {Phase::look, Phase::read}) {
    await(process, [&] { return board_.phase >= phase; });
    if (phase == Phase::look)
      for (PageNo page = 0; page < play_.spots.size(); ++page)
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
void Actor::await(ProcessId process, Ready ready) {
  for (;;) {
    board_.gate.wait([&] { return ready() || is_asked(board_, process); });
    if (!is_asked(board_, process)) return;
    show(play_, board_, process);
  }
}

void Actor::tell(ProcessId process) {
  for (PageNo page = 0; page < play_.spots.size(); ++page)
    for (const litmus::Half half : {litmus::Half::a, litmus::Half::b})
      if (play_.read[page])
        board_.processes[process].contents[page][half == litmus::Half::b ? 1 : 0] =
            try_read(play_.spots[page].address + offset(half)).value_or(kUnreadable);
}

void Actor::perform(const Script& line, std::size_t number) {
  Chance chance(run_ * kLines + number);
  for (std::size_t at = 0; at < line.code.size();) {
    board_.lines[number].at = static_cast<std::uint32_t>(at);
    if (!play_.ordered) chance.wait();
    const Instruction& instruction = line.code[at];
    Then then = Then::next;
    if (instruction.operation != nullptr)
      then = perform(line, instruction);
    else if ((board_.registers[instruction.reg] == instruction.value) != instruction.equal)
      then = Then::otherwise;
    note_copies(line.process);
    if (board_.reel.running && changes_the_picture(instruction))
      shoot(play_, board_, static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(at));
    ++board_.steps;
    at = then == Then::next ? at + 1 : instruction.otherwise;
  }
  board_.lines[number].ended = true;
  board_.gate.open();
}

void Actor::store(const Instruction& instruction, std::uint64_t value) {
  if (instruction.result) board_.registers[*instruction.result] = value;
}

void Actor::note_copies(ProcessId process) {
  if (play_.copied.empty()) return;
  Board::Process& self = board_.processes[process];
  // Two threads that look at once could each find what the other had found before.
  while (self.looking.test_and_set()) std::this_thread::yield();
  for (const PageNo page : play_.copied) {
    const std::uint64_t now = frame_at(play_.spots[page].address);
    const std::uint64_t before = self.frames[page].exchange(now);
    if (now != 0 && before != 0 && now != before) ++board_.copies[page];
  }
  self.looking.clear();
}

}  // namespace lab::kernel
