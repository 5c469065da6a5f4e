// References without locks: read the entry, count, and read everything again.
#include "lab/model/gup/references.h"
#include "lab/model/world/locks.h"

namespace lab::model {
namespace {

class Lockless {
 public:
  Lockless(World& world, Task task, PageNo page, GupFlags how, ReferenceId as)
      : world_(world),
        process_(world.process(task.process)),
        task_(task),
        page_(page),
        how_(how),
        as_(as) {}

  Fast take() {
    if (world_.rules.gup_fast_ro == GupFastRead::none) return Fast::undone;
    if (!how_.pin || world_.rules.fork_seq == ForkSeq::none) return walk();
    return world_.rules.fork_seq == ForkSeq::recheck ? between_looks() : in_section();
  }

 private:
  Fast between_looks() {
    const std::uint32_t sequence = look_at_sequence();
    if (sequence % 2 != 0) return Fast::undone;
    if (walk() == Fast::undone) return Fast::undone;
    if (!performs("gup.seq_again")) return Fast::taken;
    const std::uint32_t now =
        look("gup fast: the sequence again", [&] { return process_.sequence.read(); });
    if (now == sequence) return Fast::taken;
    undo("gup fast: a fork was there, undoes");
    return Fast::undone;
  }

  // The fork waits for us, so that nothing need be looked at again.
  Fast in_section() {
    step("gup fast: enters a section", [&] { process_.sections.add(1); });
    const Fast result = look_at_sequence() % 2 == 0 ? walk() : Fast::undone;
    step("gup fast: leaves the section", [&] { process_.sections.add(-1); });
    return result;
  }

  std::uint32_t look_at_sequence() {
    return look("gup fast: the sequence", [&] { return process_.sequence.read(); });
  }

  Fast walk() {
    const EntryRef spot =
        look("gup fast: the entry", [&] { return world_.find(task_.process, page_); });
    if (!spot.entry.is(EntryKind::page)) return Fast::undone;
    const bool readonly = !spot.entry.writable;
    if (readonly && (how_.write || !fast_tries_readonly(world_.rules, how_.pin)))
      return Fast::undone;
    if (!how_.pin && world_.rules.get == Get::hold) return Fast::undone;
    if (!count(spot)) return Fast::undone;
    if (changed(spot) || (readonly && must_not_keep(spot))) {
      undo("gup fast: undoes");
      return Fast::undone;
    }
    return Fast::taken;
  }

  // Speculative: the page may have another owner by now. Then the entry has changed, and we shall
  // see it. From here on the name stands for the reference, so that nothing is lost if the run ends
  // here.
  bool count(const EntryRef& spot) {
    return step("gup fast: counts", [&] {
      Folio& folio = world_.folio(spot.entry);
      if (world_.rules.pin_count == PinCount::exact && folio.anonymous()) {
        const bool owned = folio.refs.read() == 1;
        decided(owned ? "gup fast: owned" : "gup fast: not owned");
        if (!owned) return false;
      }
      grab(world_, folio, how_.pin);
      world_.references[as_].held.write(reference_to(task_, page_, spot.entry, how_));
      return true;
    });
  }

  bool changed(const EntryRef& before) {
    if (!performs("gup.look_again")) return false;
    const EntryRef now =
        look("gup fast: the entry again", [&] { return world_.find(task_.process, page_); });
    return now.where != before.where || now.entry != before.entry;
  }

  // After the entry: who takes the mark away does so before a read-only entry is put back.
  bool must_not_keep(const EntryRef& spot) {
    if (!performs("gup.mark_again")) return false;
    return look("gup fast: may it be kept", [&] {
      const Decision keeps =
          fast_keeps_readonly(world_.rules, world_.counts(spot), how_.pin, how_.long_term);
      decided(keeps.why);
      return !keeps;
    });
  }

  void undo(const char* label) {
    step(label, [&] {
      const Reference held = world_.references[as_].held.read();
      let_go(world_, world_.folio(held.folio), how_.pin);
      world_.references[as_].held.write({});
    });
  }

  World& world_;
  Process& process_;
  Task task_;
  PageNo page_;
  GupFlags how_;
  ReferenceId as_;
};

}  // namespace

Fast take_fast(World& world, Task task, PageNo page, GupFlags how, ReferenceId as) {
  return Lockless(world, task, page, how, as).take();
}

}  // namespace lab::model
