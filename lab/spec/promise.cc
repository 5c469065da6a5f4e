#include "lab/spec/promise.h"

#include <initializer_list>

#include "lab/portable/ranges.h"

namespace lab::spec {

using litmus::Protection;
using litmus::Word;

namespace {

std::uint64_t word_of(std::initializer_list<bool> flags) {
  std::uint64_t word = 0;
  for (const bool flag : flags) word = word << 1 | std::uint64_t{flag};
  return word;
}

}  // namespace

Promise::Promise(const Beginning& beginning) : beginning_(beginning) {
  alive_[0] = true;
  for (std::size_t i = 0; i < beginning.pages; ++i) {
    Page& page = pages_[0][i];
    page.mapped = true;
    page.file = beginning.file;
    page.protection = beginning.readonly ? Protection::ro : Protection::rw;
    page.cell = add_cell(beginning.value, beginning.own, beginning.pool > 0);
    page.there = There::something;
  }
}

std::uint8_t Promise::add_cell(Value value, bool own, bool hugetlb) {
  cells_[cell_count_] = {only(value), value, own, false, hugetlb};
  return cell_count_++;
}

bool Promise::in_place(const Reference& reference) const {
  const Page& page = pages_[reference.process][reference.page];
  return alive_[reference.process] && page.mapped && page.cell == reference.cell;
}

// It is no longer what another process has.
void Promise::part(std::uint8_t at) {
  if (const std::uint8_t twin = cells_[at].twin; twin != kNone) cells_[twin].twin = kNone;
  cells_[at].twin = kNone;
}

void Promise::write(std::uint8_t at, Value value, bool may_be_refused) {
  part(at);
  Cell& cell = cells_[at];
  cell = {cell.had | only(value), value, true, false, cell.hugetlb, may_be_refused};
  for (Reference& reference : references_)
    if (reference.held && reference.cell == at) reference.may |= only(value);
}

// A plain reference's write may come to nothing, and may be seen by who shares the page.
void Promise::poke(const Act& act, Value value) {
  const Reference& reference = references_[act.reference];
  if (reference.pin) return write(reference.cell, value, reference.may_be_refused);
  loose_ |= only(value);
  cells_[reference.cell].had |= only(value);
  cells_[reference.cell].own = true;
}

void Promise::take(const Act& act) {
  const Page& page = pages_[act.process][act.page];
  Cell& cell = cells_[page.cell];
  const bool pin = act.word == Word::pin;
  // Who takes it to write, or for long, gets memory that is the owner's own by then.
  const bool owns = act.access.write || act.access.lasting;
  const bool coherent = owns || (cell.own && !cell.may_be_zero) || beginning_.shared;
  const Values may = only(cell.value) | (cell.may_be_zero ? only(0) : 0) | (cell.had & loose_);
  references_[act.reference] = {true,
                                pin,
                                act.access.write,
                                act.access.lasting,
                                pin && coherent,
                                pool_was_short_ && cell.hugetlb,
                                act.process,
                                act.page,
                                page.cell,
                                may};
  if (owns) cell.own = true;
  if (act.access.write) part(page.cell);
  ++taken_;
}

void Promise::fork() {
  forked_ = alive_[1] = true;
  for (std::size_t i = 0; i < beginning_.pages; ++i) {
    const Page& from = pages_[0][i];
    Page& to = pages_[1][i];
    to = from;
    if (from.dontfork) to = {};
    to.missing = to.minor = false;  // no handler was told of the fork
    // What a file has may be left to be mapped again.
    if (beginning_.shared || from.file) to.there = There::unknown;
    if (!to.mapped || beginning_.shared) continue;
    const Cell cell = cells_[from.cell];
    to.cell = from.wipeonfork ? add_cell(0, false) : add_cell(cell.value, cell.own, cell.hugetlb);
    if (from.wipeonfork) {
      to.there = There::nothing;
      continue;
    }
    Cell& copy = cells_[to.cell];
    copy.twin = from.cell;
    copy.may_be_dropped = cell.may_be_dropped;
    cells_[from.cell].twin = to.cell;
    copy.may_be_zero = cell.may_be_zero;
    copy.may_be_refused = cell.may_be_refused;
    copy.had |= cell.may_be_refused ? cell.had : cell.had & loose_;
    if (cell.may_be_zero) copy.had |= only(0);
  }
}

void Promise::move(const Act& act) {
  Page& to = pages_[act.process][act.other];
  to = pages_[act.process][act.page];
  to.missing = to.minor = false;  // no handler was told of the move
  pages_[act.process][act.page] = {};
}

void Promise::discard(Page& page) {
  discarded_unwritable_ |= page.protection != Protection::rw;
  discarded_hugetlb_ |= cells_[page.cell].hugetlb;
  page.there = There::nothing;
  if (beginning_.shared) return;
  const Value value = page.file ? beginning_.value : Value{0};
  page.cell = add_cell(value, false, cells_[page.cell].hugetlb);
}

void Promise::free(Page& page) {
  page.there = There::unknown;
  Cell& cell = cells_[page.cell];
  cell.may_be_zero = true;
  cell.had |= only(0);
  if (const std::uint8_t twin = cell.twin; twin != kNone) {
    cells_[twin].may_be_dropped = true;
    for (auto& pages : pages_)
      for (Page& other : pages)
        if (other.mapped && other.cell == twin) other.there = There::unknown;
  }
  for (Reference& reference : references_)
    if (reference.held && reference.cell == page.cell) reference.may |= only(0);
}

// Where the pool of huge pages is empty, who asks for a reference or forces a write is refused; a
// process that touches the page itself is killed. What was given up may go until it is written to.
void Promise::touch(const Act& act, Page& page) {
  const bool is_asked = takes(act) || act.word == Word::force;
  const Cell& cell = cells_[page.cell];
  const bool may_go = !writes(act) && (cell.may_be_zero || cell.may_be_dropped);
  const bool is_there = !may_go && !(is_asked && pool_was_short_);
  page.there = is_there ? There::something : There::unknown;
  may_be_killed_[act.process] |= pool_was_short_ && cells_[page.cell].hugetlb;
}

// So is a handler.
void Promise::supply(const Act& act, Page& page, Value value) {
  page.there = pool_was_short_ ? There::unknown : There::something;
  if (act.word == Word::uffd_copy) write(page.cell, value, pool_was_short_);
}

// Each process' page may be one of its own, and so may that of a reference: a plain one stays with
// what others write away from, a pin with what its owner gave up.
int Promise::most_pool_pages() const {
  int pages = 0;
  for (std::size_t p = 0; p < kProcesses; ++p)
    for (const Page& page : pages_[p])
      pages += alive_[p] && page.mapped && cells_[page.cell].hugetlb ? 1 : 0;
  for (const Reference& reference : references_)
    if (reference.held && cells_[reference.cell].hugetlb)
      pages += reference.coherent && in_place(reference) ? 0 : 1;
  return pages;
}

bool Promise::may_be_killed(std::size_t process) const {
  const auto of_pool = [&](const Page& page) { return page.mapped && cells_[page.cell].hugetlb; };
  return may_be_killed_[process] || (pool_was_short_ && ranges::any_of(pages_[process], of_pool));
}

void Promise::perform(const Act& act, Value value) {
  if (writes(act))
    written_[uses(act) ? references_[act.reference].process : act.process] |= only(value);
  apply(act, value);
  if (beginning_.pool > 0) pool_was_short_ |= most_pool_pages() > beginning_.pool;
}

void Promise::apply(const Act& act, Value value) {
  Page& page = pages_[act.process][act.page];
  if (touches(act)) touch(act, page);
  switch (act.word) {
    case Word::write:
      return write(page.cell, value);
    case Word::force:
      return write(page.cell, value, pool_was_short_);
    case Word::poke:
      return poke(act, value);
    case Word::fork:
      return fork();
    case Word::exit:
      alive_[act.process] = false;
      return;
    case Word::get:
    case Word::pin:
      return take(act);
    case Word::drop:
      references_[act.reference] = {};
      return;
    case Word::unmap:
      page = {};
      return;
    case Word::map:
      page = {true, false, Protection::rw, add_cell(0, false)};
      return;
    case Word::discard:
      return discard(page);
    case Word::free:
      return free(page);
    case Word::protect:
      page.protection = act.protection;
      return;
    case Word::dontfork:
    case Word::dofork:
      page.dontfork = act.word == Word::dontfork;
      return;
    case Word::wipeonfork:
      page.wipeonfork = true;
      return;
    case Word::wp:
    case Word::unwp:
      page.wp = act.word == Word::wp;
      return;
    case Word::missing:
      page.missing = true;
      return;
    case Word::minor:
      page.minor = true;
      return;
    case Word::uffd_copy:
    case Word::uffd_zeropage:
    case Word::uffd_continue:
      return supply(act, page, value);
    case Word::collapse:  // fills what is empty
      for (Page& part : pages_[act.process])
        if (part.there == There::nothing) part.there = There::unknown;
      return;
    case Word::move:
      return move(act);
    case Word::lock:
    case Word::unlock:
      locked_ = act.word == Word::lock;
      return;
    case Word::writeback:
      writeback_ = act.phase == litmus::Phase::begin;
      return;
    default:
      return;  // What the kernel does by itself.
  }
}

void Promise::feed(explore::Hash64& hash) const {
  for (std::size_t p = 0; p < kProcesses; ++p) {
    hash.feed(alive_[p]);
    for (const Page& page : pages_[p]) {
      hash.feed(word_of({page.mapped, page.dontfork, page.wipeonfork, page.wp, page.file,
                         page.missing, page.minor}));
      hash.feed(static_cast<std::uint64_t>(page.there));
      if (!page.mapped) continue;
      const Cell& cell = cells_[page.cell];
      hash.feed(static_cast<std::uint64_t>(page.protection)).feed(page.cell);
      hash.feed(cell.value)
          .feed(word_of({cell.own, cell.may_be_zero, cell.hugetlb, cell.may_be_refused,
                         cell.twin != kNone, cell.may_be_dropped}));
      hash.feed(cell.had & loose_);
    }
  }
  for (const Reference& reference : references_) {
    hash.feed(reference.held);
    if (!reference.held) continue;
    hash.feed(word_of({reference.pin, reference.write, reference.coherent, reference.lasting,
                       reference.may_be_refused}));
    hash.feed(reference.process).feed(reference.page).feed(reference.cell).feed(reference.may);
  }
  hash.feed(word_of({locked_, writeback_, forked_, pool_was_short_})).feed(taken_).feed(loose_);
  if (beginning_.pool == 0) return;
  for (std::size_t p = 0; p < kProcesses; ++p) hash.feed(may_be_killed_[p]).feed(written_[p]);
}

}  // namespace lab::spec
