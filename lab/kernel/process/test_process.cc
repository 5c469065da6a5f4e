#include "lab/kernel/process/test_process.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csetjmp>
#include <csignal>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include "lab/kernel/process/memory_calls.h"
#include "lab/kernel/process/sampling.h"
#include "lab/kernel/process/userfaultfd.h"
#include "lab/kernel/shared/pagemap.h"
#include "lab/kernel/test/order.h"

namespace lab::kernel {
namespace {

SharedState* fault_state = nullptr;
model::ProcessId fault_process = 0;
thread_local sigjmp_buf* resume = nullptr;

void on_fault(int, siginfo_t* what, void*) {
  if (resume != nullptr) siglongjmp(*resume, 1);
  // Else it is not the test that fails.
  if (!is_of_the_test(what->si_addr)) fault_state->fail("a process of the judge crashed (SIGSEGV)");
  fault_state->processes[fault_process].state = ProcessState::killed;
  fault_state->changed.wake_all();
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

void catch_faults(SharedState& shared, model::ProcessId process) {
  fault_state = &shared;
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

void TestProcess::begin() {
  catch_faults(shared_, 0);
  reopen_pagemap();
  for (std::size_t i = 0; i < test_.reference_uses.size(); ++i) {
    references_.push_back(make_reference(test_.reference_uses[i], test_.fuse + i));
    if (references_.back() == nullptr)
      shared_.fail(fmt::format("{} by {}: refused", test_.plan.references[i],
                               name(test_.reference_uses[i].method)));
  }
  if (auto laid = lay_out_pages(test_); !laid) shared_.fail(laid.error());
  run(0);
}

void TestProcess::run(model::ProcessId process) {
  SharedState::Process& self = shared_.processes[process];
  catch_faults(shared_, process);
  reopen_pagemap();
  note_copies(process);
  self.pid = getpid();
  self.listed = listed_pid();
  self.state = ProcessState::running;
  shared_.changed.wake_all();
  // A child of a run that is looked at does nothing before its fork has been looked at.
  const std::uint32_t shown_before = self.samples_given;
  const auto may_begin = [&] {
    if (shared_.phase == Phase::prepare) return false;
    const RecordingBuffer& buffer = shared_.recording;
    return process == 0 || !buffer.running || buffer.invalid ||
           (self.samples_given > shown_before && buffer.taken >= self.samples_given);
  };
  await(process, may_begin);
  const auto mine = std::ranges::count(test_.plan.threads, process, &judge::ThreadPlan::process);
  // Else the first would mostly be through before the last begins. Who slept here would come last;
  // who did not yield would keep the last from its processor where others work, too.
  // Sequentially consistent; it orders nothing but the start.
  const auto missing = std::make_shared<std::atomic<std::ptrdiff_t>>(mine);
  // They end with the process, at the latest.
  for (std::size_t i = 0; i < test_.plan.threads.size(); ++i)
    if (test_.plan.threads[i].process == process)
      std::thread([this, i, missing] {
        shared_.threads[i].listed = listed_thread();
        for (--*missing; *missing > 0;) std::this_thread::yield();
        perform(test_.plan.threads[i], i);
      }).detach();
  for (const Phase phase : {Phase::look, Phase::read}) {
    await(process, [&] { return shared_.phase >= phase; });
    if (phase == Phase::look)
      for (model::PageNo page = 0; page < test_.placements.size(); ++page)
        self.pages[page] = page_info(test_.placements[page].address);
    else
      report_contents(process);
    self.answered = phase;
    // To read changes page tables: not before the last process has looked.
    if (phase == Phase::look && shared_.all_answered(Phase::look)) shared_.phase = Phase::read;
    shared_.changed.wake_all();
  }
  for (;;) pause();
}

// Until it is so, this process gives a sample whenever one is asked for.
template <typename Ready>
void TestProcess::await(model::ProcessId process, Ready ready) {
  for (;;) {
    shared_.changed.wait([&] { return ready() || owes_sample(shared_, process); });
    if (!owes_sample(shared_, process)) return;
    give_sample(test_, shared_, process);
  }
}

void TestProcess::report_contents(model::ProcessId process) {
  end_faults();  // No handler is left.
  SharedState::Process& self = shared_.processes[process];
  for (model::PageNo page = 0; page < test_.placements.size(); ++page) {
    const char* const at = test_.placements[page].address;
    const bool swapped = self.pages[page].swapped();
    if (!test_.read[page] && !swapped) continue;
    for (const litmus::Half half : {litmus::Half::a, litmus::Half::b})
      self.contents[page][half == litmus::Half::b ? 1 : 0] =
          try_read(at + offset(half)).value_or(judge::kUnreadable);
    // Out of the swap cache it comes as it was; from the device, in a new frame.
    self.frame_after_swap_in[page] = swapped ? frame_at(at) : 0;
  }
}

void TestProcess::perform(const judge::ThreadPlan& line, std::size_t number) {
  Chance chance(run_ * kThreads + number);
  for (std::size_t at = 0; at < line.code.size();) {
    shared_.threads[number].at = static_cast<std::uint32_t>(at);
    if (!test_.ordered) chance.wait();
    const judge::Instruction& instruction = line.code[at];
    Then then = Then::next;
    if (instruction.operation != nullptr)
      then = perform(line, instruction);
    else if ((shared_.registers[instruction.reg] == instruction.value) != instruction.equal)
      then = Then::otherwise;
    note_copies(line.process, &instruction);
    if (shared_.recording.running && changes_the_picture(instruction))
      take_sample(test_, shared_, static_cast<std::uint32_t>(number),
                  static_cast<std::uint32_t>(at));
    ++shared_.steps;
    at = then == Then::next ? at + 1 : instruction.otherwise;
  }
  shared_.threads[number].ended = true;
  shared_.changed.wake_all();
}

void TestProcess::store(const judge::Instruction& instruction, std::uint64_t value) {
  if (instruction.result) shared_.registers[*instruction.result] = value;
}

void TestProcess::note_copies(model::ProcessId process, const judge::Instruction* just_done) {
  if (test_.copied.empty()) return;
  SharedState::Process& self = shared_.processes[process];
  const bool moved = just_done != nullptr && moves_to_other_frames(*just_done);
  // Two threads that look at once could each find what the other had found before.
  while (self.comparing_frames.test_and_set()) std::this_thread::yield();
  for (const model::PageNo page : test_.copied) {
    const std::uint64_t now = frame_at(test_.placements[page].address);
    const std::uint64_t before = self.frames[page].exchange(now);
    if (now == 0 || before == 0 || now == before || moved) continue;
    // To write where the zero page is mapped copies nothing.
    if (!PageInfo{0, flags_of(before)}.is(kFlagZeroPage)) ++shared_.copies[page];
  }
  self.comparing_frames.clear();
}

}  // namespace lab::kernel
