#include "lab/kernel/reel.h"

#include <sys/mman.h>

#include <algorithm>
#include <thread>

#include "lab/kernel/actor.h"
#include "lab/kernel/play.h"

namespace lab::kernel {
namespace {

// Longer than a process needs that is not stopped by somebody.
constexpr std::chrono::milliseconds kTooLong{1000};

bool is_mapped(const Spot& spot) {
  unsigned char resident;
  return mincore(spot.address, kSmallPage, &resident) == 0;
}

// Contents are read where a page is present, and nowhere else: reading must not bring one.
Shot::Page page_at(const Spot& spot) {
  Shot::Page page{
      is_mapped(spot), look_at(spot.address), 0, {judge::kUnreadable, judge::kUnreadable}};
  if (!page.sight.present()) return page;
  page.maps = maps_of(page.sight.frame());
  for (const litmus::Half half : {litmus::Half::a, litmus::Half::b})
    page.contents[half == litmus::Half::b ? 1 : 0] =
        try_read(spot.address + offset(half)).value_or(judge::kUnreadable);
  return page;
}

// Frames that somebody refers to may be in no page table.
Shot::Reference reference_at(const Board::Reference& reference) {
  Shot::Reference seen{reference.taken, reference.process, reference.page, reference.frame, 0, 0};
  if (!seen.taken) return seen;
  seen.flags = flags_of(seen.frame);
  seen.maps = maps_of(seen.frame);
  return seen;
}

}  // namespace

bool is_asked(const Board& board, model::ProcessId process) {
  return board.reel.asked > board.processes[process].shown;
}

void show(const Play& play, Board& board, model::ProcessId process) {
  const std::uint32_t asked = board.reel.asked;
  Shot::Process& self = board.reel.shots[asked - 1].processes[process];
  for (model::PageNo page = 0; page < play.spots.size(); ++page)
    self.pages[page] = page_at(play.spots[page]);
  board.processes[process].shown = asked;
  board.gate.open();
}

void shoot(const Play& play, Board& board, std::uint32_t line, std::uint32_t at) {
  Reel& reel = board.reel;
  while (reel.busy.test_and_set()) std::this_thread::yield();
  if (reel.taken == kShots) reel.spoilt = true;
  if (!reel.spoilt) {
    Shot& shot = reel.shots[reel.taken];
    shot = Shot{};
    shot.line = line;
    shot.at = at;
    if (line < play.plan.scripts.size() && play.plan.scripts[line].code[at].result)
      shot.gave = board.registers[*play.plan.scripts[line].code[at].result];
    reel.asked = reel.taken + 1;
    board.gate.open();
    const auto all_shown = [&] {
      for (model::ProcessId process = 0; process < play.plan.processes.size(); ++process)
        if (board.processes[process].life == Life::running && is_asked(board, process))
          return false;
      return true;
    };
    if (!board.gate.wait(all_shown, kTooLong)) reel.spoilt = true;
    for (model::ProcessId process = 0; process < play.plan.processes.size(); ++process) {
      const Life life = board.processes[process].life;
      shot.processes[process].there = life == Life::running;
      shot.processes[process].gone = life == Life::exited || life == Life::killed;
    }
    for (std::size_t i = 0; i < play.plan.references.size(); ++i)
      shot.references[i] = reference_at(board.references[i]);
    ++reel.taken;
  }
  reel.busy.clear();
  board.gate.open();
}

}  // namespace lab::kernel
