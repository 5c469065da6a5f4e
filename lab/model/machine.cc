#include "lab/model/machine.h"

#include "lab/explore/execution/hash.h"
#include "lab/model/gup/references.h"
#include "lab/model/inspect.h"
#include "lab/model/mm/operations.h"
#include "lab/model/view.h"
#include "lab/model/world/locks.h"

namespace lab::model {

Machine::Machine(const Rules& rules, const Setup& setup)
    : world_(std::make_unique<World>(rules, setup)) {}
Machine::~Machine() = default;

std::optional<Value> Machine::read(Task task, PageNo page, Half half) {
  return read_memory(*world_, task, page, half);
}
Answer Machine::write(Task task, PageNo page, Value value, Half half) {
  return write_memory(*world_, task, page, value, half);
}
Answer Machine::force(Task task, PageNo page, Value value, Half half) {
  return force_memory(*world_, task, page, value, half);
}

Answer Machine::fork(Task task, ProcessId child, bool event) {
  return model::fork(*world_, task, child, event);
}
void Machine::exit(Task task) { exit_process(*world_, task); }
void Machine::await_exit(ProcessId process) {
  await(
      "waits for the exit", [&] { return world_->process(process).exited.read(); }, [] {});
}

Answer Machine::take(Task task, PageNo page, GupFlags how, ReferenceId as) {
  return model::take(*world_, task, page, how, as);
}
std::optional<Value> Machine::peek(ReferenceId reference, Half half) {
  return model::peek(*world_, reference, half);
}
void Machine::poke(ReferenceId reference, Value value, Half half) {
  model::poke(*world_, reference, value, half);
}
void Machine::drop(ReferenceId reference) { model::drop(*world_, reference); }

Answer Machine::unmap(Task task, PageRange pages) { return model::unmap(*world_, task, pages); }
Answer Machine::map(Task task, PageRange pages) { return model::map(*world_, task, pages); }
Answer Machine::discard(Task task, PageRange pages) { return model::discard(*world_, task, pages); }
Answer Machine::free(Task task, PageRange pages) { return free_lazily(*world_, task, pages); }
Answer Machine::protect(Task task, PageRange pages, Protection protection) {
  return model::protect(*world_, task, pages, protection);
}
Answer Machine::set_dontfork(Task task, PageRange pages, bool on) {
  return model::set_dontfork(*world_, task, pages, on);
}
Answer Machine::set_wipeonfork(Task task, PageRange pages, bool on) {
  return model::set_wipeonfork(*world_, task, pages, on);
}
Answer Machine::move(Task task, PageRange from, PageNo to, bool event) {
  return model::move(*world_, task, from, to, event);
}
Answer Machine::uffd_move(Task task, PageRange from, PageNo to) {
  return model::uffd_move(*world_, task, from, to);
}

Answer Machine::write_protect(Task task, PageRange pages, WpMode mode) {
  return model::write_protect(*world_, task, pages, mode);
}
Answer Machine::write_unprotect(Task task, PageRange pages) {
  return model::write_unprotect(*world_, task, pages);
}
Answer Machine::register_faults(Task task, PageRange pages, Userfaults which) {
  return model::register_faults(*world_, task, pages, which);
}
Answer Machine::uffd_copy(Task task, PageRange pages, Value value, bool protects) {
  return model::uffd_copy(*world_, task, pages, value, protects);
}
Answer Machine::uffd_zeropage(Task task, PageRange pages) {
  return model::uffd_zeropage(*world_, task, pages);
}
Answer Machine::uffd_continue(Task task, PageRange pages, bool protects) {
  return model::uffd_continue(*world_, task, pages, protects);
}
void Machine::serve(Task task, PageNo page) { model::serve(*world_, task, page); }
void Machine::clear_refs(Task task) { model::clear_refs(*world_, task); }

Answer Machine::swap_out(Task task, PageNo page) { return model::swap_out(*world_, task, page); }
Answer Machine::swap_off(Task task) { return model::swap_off(*world_, task); }
void Machine::begin_writeback(Task task, PageNo page) {
  model::begin_writeback(*world_, task, page);
}
void Machine::end_writeback(Task, PageNo page) { model::end_writeback(*world_, page); }

Answer Machine::merge(Task task, PageNo page, ProcessId other_process, PageNo other) {
  return model::merge(*world_, task, page, other_process, other);
}
Answer Machine::unmerge(Task task, PageRange pages) { return model::unmerge(*world_, task, pages); }
Answer Machine::migrate(Task task, PageNo page) { return model::migrate(*world_, task, page); }
Answer Machine::split_folio(Task task, PageNo page) {
  return model::split_folio(*world_, task, page);
}
Answer Machine::split_pmd(Task task, PageNo page) { return model::split_pmd(*world_, task, page); }
Answer Machine::collapse(Task task, PageNo page) { return model::collapse(*world_, task, page); }

void Machine::lock_page(Task task, PageNo page) {
  const auto folio_there = [&]() -> Folio* {
    const Entry entry = world_->find(task.process, page).entry;
    return entry.is(EntryKind::page) ? &world_->folio(entry) : nullptr;
  };
  await(
      "page lock: taken outside",
      [&] {
        const Folio* folio = folio_there();
        return folio == nullptr || !folio->locked.read();
      },
      [&] {
        Folio* const folio = folio_there();
        if (folio == nullptr) return;
        folio->locked.write(true);
        world_->visit(*folio);
        world_->notes[page].locking.write(static_cast<std::uint16_t>(folio->id + 1));
      });
}

void Machine::unlock_page(Task, PageNo page) {
  step("page lock: given back outside", [&] {
    const std::uint16_t id = world_->notes[page].locking.read();
    if (id == 0) return;
    world_->notes[page].locking.write(0);
    Folio& folio = world_->folio(static_cast<FolioId>(id - 1));
    folio.locked.write(false);
    world_->end_visit(folio);
  });
}

void Machine::batch(Task task, PageNo page) {
  step("batch: takes the page", [&] {
    const Entry entry = world_->find(task.process, page).entry;
    Shared<std::uint16_t>& batch = world_->batches[task.cpu].folio;
    if (!entry.is(EntryKind::page) || batch.read() != 0) return;
    world_->folio(entry).refs.add(1);
    batch.write(static_cast<std::uint16_t>(entry.target + 1));
  });
}

void Machine::drain(Task task) {
  step("batch: drains", [&] {
    Shared<std::uint16_t>& batch = world_->batches[task.cpu].folio;
    if (batch.read() == 0) return;
    world_->put(world_->folio(static_cast<FolioId>(batch.read() - 1)));
    batch.write(0);
  });
}

bool Machine::coherent(ReferenceId reference) const { return model::coherent(*world_, reference); }
bool Machine::taken(ReferenceId reference) const {
  return world_->references[reference].held.read().state != ReferenceState::free;
}
std::optional<Value> Machine::value(ProcessId process, PageNo page, Half half) const {
  return value_at(*world_, process, page, half);
}
bool Machine::same(ProcessId one, PageNo page, ProcessId other, PageNo other_page) const {
  return model::same(*world_, one, page, other, other_page);
}
bool Machine::pinned(ProcessId process, PageNo page) const {
  return model::pinned(*world_, process, page);
}
bool Machine::exclusive(ProcessId process, PageNo page) const {
  return model::exclusive(*world_, process, page);
}
bool Machine::write_protected(ProcessId process, PageNo page) const {
  return world_->region(process, page).wp && world_->find(process, page).entry.wp;
}
bool Machine::soft_dirty(ProcessId process, PageNo page) const {
  const Entry entry = world_->find(process, page).entry;
  return !entry.is(EntryKind::none) && !entry.tracked;
}
bool Machine::swapped(ProcessId process, PageNo page) const {
  return world_->find(process, page).entry.is(EntryKind::swap);
}
std::uint32_t Machine::copies(PageNo page) const {
  return static_cast<std::uint32_t>(world_->notes[page].copies.read());
}
bool Machine::killed(ProcessId process) const { return world_->process(process).killed.read(); }

std::optional<std::string> Machine::invariant() const { return model::invariant(*world_); }
std::optional<std::string> Machine::leak() const { return model::leak(*world_); }
std::optional<std::string> Machine::contradiction() const { return model::contradiction(*world_); }
std::string Machine::describe() const { return model::describe(*world_); }
std::vector<std::size_t> Machine::made() const {
  std::vector<std::size_t> made;
  for (const auto& folios : world_->all_folios()) made.push_back(folios.size());
  return made;
}
std::uint64_t Machine::kinds() const {
  explore::Hash64 hash;
  for (const auto& folios : world_->all_folios()) {
    hash.feed(folios.size());
    for (const auto& folio : folios)
      hash.feed(static_cast<std::uint64_t>(folio->kind)).feed(folio->pages.size());
  }
  return hash.value();
}
void Machine::forget(const std::vector<std::size_t>& made) { world_->forget_folios(made); }
View Machine::view() const { return model::view(*world_); }

}  // namespace lab::model
