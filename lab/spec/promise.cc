#include "lab/spec/promise.h"

#include <initializer_list>

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
    page.cell = add_cell(beginning.value, beginning.own);
  }
}

std::uint8_t Promise::add_cell(Value value, bool own) {
  cells_[cell_count_] = {only(value), value, own, false};
  return cell_count_++;
}

bool Promise::in_place(const Reference& reference) const {
  const Page& page = pages_[reference.process][reference.page];
  return alive_[reference.process] && page.mapped && page.cell == reference.cell;
}

void Promise::write(std::uint8_t at, Value value) {
  Cell& cell = cells_[at];
  cell = {cell.had | only(value), value, true, false};
  for (Reference& reference : references_)
    if (reference.held && reference.cell == at) reference.may |= only(value);
}

// A plain reference's write may come to nothing, and may be seen by who shares the page.
void Promise::poke(const Act& act, Value value) {
  const Reference& reference = references_[act.reference];
  if (reference.pin) return write(reference.cell, value);
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
  references_[act.reference] = {
      true,      pin, act.access.write, act.access.lasting, pin && coherent, act.process, act.page,
      page.cell, may};
  if (owns) cell.own = true;
  ++taken_;
}

void Promise::fork() {
  forked_ = alive_[1] = true;
  for (std::size_t i = 0; i < beginning_.pages; ++i) {
    const Page& from = pages_[0][i];
    Page& to = pages_[1][i];
    to = from;
    if (from.dontfork) to = {};
    if (!to.mapped || beginning_.shared) continue;
    const Cell cell = cells_[from.cell];
    to.cell = from.wipeonfork ? add_cell(0, false) : add_cell(cell.value, cell.own);
    if (from.wipeonfork) continue;
    Cell& copy = cells_[to.cell];
    copy.may_be_zero = cell.may_be_zero;
    copy.had |= cell.had & loose_;
    if (cell.may_be_zero) copy.had |= only(0);
  }
}

void Promise::move(const Act& act) {
  pages_[act.process][act.other] = pages_[act.process][act.page];
  pages_[act.process][act.page] = {};
}

void Promise::perform(const Act& act, Value value) {
  Page& page = pages_[act.process][act.page];
  switch (act.word) {
    case Word::write:
    case Word::force:
      return write(page.cell, value);
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
      discarded_unwritable_ |= page.protection != Protection::rw;
      if (!beginning_.shared) page.cell = add_cell(page.file ? beginning_.value : Value{0}, false);
      return;
    case Word::free:
      cells_[page.cell].may_be_zero = true;
      cells_[page.cell].had |= only(0);
      for (Reference& reference : references_)
        if (reference.held && reference.cell == page.cell) reference.may |= only(0);
      return;
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
      hash.feed(word_of({page.mapped, page.dontfork, page.wipeonfork, page.wp, page.file}));
      if (!page.mapped) continue;
      const Cell& cell = cells_[page.cell];
      hash.feed(static_cast<std::uint64_t>(page.protection)).feed(page.cell);
      hash.feed(cell.value).feed(cell.own).feed(cell.may_be_zero).feed(cell.had & loose_);
    }
  }
  for (const Reference& reference : references_) {
    hash.feed(reference.held);
    if (!reference.held) continue;
    hash.feed(word_of({reference.pin, reference.write, reference.coherent, reference.lasting}));
    hash.feed(reference.process).feed(reference.page).feed(reference.cell).feed(reference.may);
  }
  hash.feed(word_of({locked_, writeback_, forked_})).feed(taken_).feed(loose_);
}

}  // namespace lab::spec
