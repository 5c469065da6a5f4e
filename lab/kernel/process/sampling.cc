#include "lab/kernel/process/sampling.h"

#include <sys/mman.h>

#include <algorithm>
#include <thread>

#include "lab/kernel/process/test_process.h"
#include "lab/kernel/test/compiled_test.h"

namespace lab::kernel {
namespace {

// Longer than a process needs that is not stopped from outside.
constexpr std::chrono::milliseconds kTooLong{1000};

bool is_mapped(const Placement& spot) {
  unsigned char resident;
  return mincore(spot.address, kSmallPage, &resident) == 0;
}

// Contents are read where a page is present, and nowhere else: reading must not bring one.
Sample::Page page_at(const Placement& spot) {
  Sample::Page page{
      is_mapped(spot), page_info(spot.address), 0, {judge::kUnreadable, judge::kUnreadable}};
  if (!page.info.present()) return page;
  page.maps = maps_of(page.info.frame());
  for (const litmus::Half half : {litmus::Half::a, litmus::Half::b})
    page.contents[half == litmus::Half::b ? 1 : 0] =
        try_read(spot.address + offset(half)).value_or(judge::kUnreadable);
  return page;
}

// Frames that are referenced may be in no page table.
Sample::Reference reference_at(const SharedState::Reference& reference) {
  Sample::Reference seen{reference.taken, reference.process, reference.page, reference.frame, 0, 0};
  if (!seen.taken) return seen;
  seen.flags = flags_of(seen.frame);
  seen.maps = maps_of(seen.frame);
  return seen;
}

}  // namespace

bool owes_sample(const SharedState& shared, model::ProcessId process) {
  return shared.recording.requested > shared.processes[process].samples_given;
}

void give_sample(const CompiledTest& compiled, SharedState& shared, model::ProcessId process) {
  const std::uint32_t asked = shared.recording.requested;
  Sample::Process& self = shared.recording.samples[asked - 1].processes[process];
  for (model::PageNo page = 0; page < compiled.placements.size(); ++page)
    self.pages[page] = page_at(compiled.placements[page]);
  shared.processes[process].samples_given = asked;
  shared.changed.wake_all();
}

void take_sample(const CompiledTest& compiled, SharedState& shared, std::uint32_t line,
                 std::uint32_t at) {
  RecordingBuffer& buffer = shared.recording;
  while (buffer.busy.test_and_set()) std::this_thread::yield();
  if (buffer.taken == kSamples) buffer.invalid = true;
  if (!buffer.invalid) {
    Sample& sample = buffer.samples[buffer.taken];
    sample = Sample{};
    sample.line = line;
    sample.at = at;
    if (line < compiled.plan.threads.size() && compiled.plan.threads[line].code[at].result)
      sample.gave = shared.registers[*compiled.plan.threads[line].code[at].result];
    buffer.requested = buffer.taken + 1;
    shared.changed.wake_all();
    const auto all_shown = [&] {
      for (model::ProcessId process = 0; process < compiled.plan.processes.size(); ++process)
        if (shared.processes[process].state == ProcessState::running &&
            owes_sample(shared, process))
          return false;
      return true;
    };
    if (!shared.changed.wait(all_shown, kTooLong)) buffer.invalid = true;
    for (model::ProcessId process = 0; process < compiled.plan.processes.size(); ++process) {
      const ProcessState life = shared.processes[process].state;
      sample.processes[process].there = life == ProcessState::running;
      sample.processes[process].gone = life == ProcessState::exited || life == ProcessState::killed;
    }
    for (std::size_t i = 0; i < compiled.plan.references.size(); ++i)
      sample.references[i] = reference_at(shared.references[i]);
    ++buffer.taken;
  }
  buffer.busy.clear();
  shared.changed.wake_all();
}

}  // namespace lab::kernel
