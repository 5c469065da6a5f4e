#include "lab/model/mm/rmap.h"

#include "lab/model/mm/fault.h"

namespace lab::model {

Decision unless_pinned(World& world, Folio& folio, const Entry& entry) {
  return share(world.rules, world.counts(folio, entry.index));
}

Homes homes_of(const Folio& folio) {
  Homes homes = 0;
  for (const Page& page : folio.pages) homes |= page.homes.read();
  return homes;
}

std::vector<Home> homes_in_one_hold(const World& world, const Folio& folio, Homes homes) {
  std::vector<Home> held;
  for (Homes rest = homes; rest != 0;) {
    const Home home = first_home(world, rest);
    if (!held.empty() && (home.process != held.front().process || !folio.large())) break;
    held.push_back(home);
    rest &= ~world.home(home.process, home.page);
  }
  return held;
}

Counts counts_without_visitor(World& world, Folio& folio, std::uint32_t index) {
  Counts page = world.counts(folio, index);
  --page.refs;
  return page;
}

namespace {

enum class Sizes : std::uint8_t { all, small };

Folio* isolate(World& world, Task task, PageNo page, Sizes sizes) {
  return step("isolates the page", [&]() -> Folio* {
    const Entry entry = world.find(task.process, page).entry;
    if (!entry.is(EntryKind::page)) return nullptr;
    Folio& folio = world.folio(entry);
    if (sizes == Sizes::small && folio.pages.size() > 1) return nullptr;
    drain_own_batch(world, task, folio);
    for (const Batch& batch : world.batches) {
      if (batch.folio.read() == folio.id + 1) return nullptr;  // on no list yet, so it is not found
    }
    if (folio.locked.read()) return nullptr;
    folio.locked.write(true);
    world.visit(folio);
    return &folio;
  });
}

}  // namespace

Folio* isolate(World& world, Task task, PageNo page) {
  return isolate(world, task, page, Sizes::all);
}
Folio* isolate_small(World& world, Task task, PageNo page) {
  return isolate(world, task, page, Sizes::small);
}

void release(World& world, Folio& folio) {
  step("releases the page", [&] {
    folio.locked.write(false);
    world.end_visit(folio);
  });
}

}  // namespace lab::model
