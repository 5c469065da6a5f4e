#include "lab/judge/scene.h"

#include <fmt/format.h>

namespace lab {
namespace {

using litmus::Word;

Half half_of(litmus::Half half) { return half == litmus::Half::a ? Half::a : Half::b; }

Protection protection_of(litmus::Protection protection) {
  switch (protection) {
    case litmus::Protection::none:
      return Protection::none;
    case litmus::Protection::ro:
      return Protection::read;
    case litmus::Protection::rw:
      break;
  }
  return Protection::write;
}

Take take_of(const litmus::Operation& operation) {
  Take take;
  take.pin = operation.word == Word::pin;
  take.write = operation.access.write;
  take.long_term = operation.access.lasting;
  take.fast = operation.access.fast;
  take.fast_only = operation.access.only;
  return take;
}

}  // namespace

Scene::Scene(const Plan& plan, const Rules& rules) : plan_(plan), machine_(rules, plan.setup) {
  for (const std::string& name : plan.signals)
    signals_.push_back(std::make_unique<Shared<bool>>(name.c_str()));
  for (const std::string& name : plan.registers)
    registers_.push_back(std::make_unique<Shared<Value>>(name.c_str()));
}

void Scene::start(Threads& threads) {
  for (const Script& script : plan_.scripts)
    if (script.process == 0) threads.add(script.name.c_str(), [this, &script] { perform(script); });
}

void Scene::perform(const Script& script) {
  for (std::size_t at = 0; at < script.code.size();) {
    const Instruction& instruction = script.code[at];
    if (!instruction.label.empty()) reached(instruction.label);
    operation(instruction.text);
    const Then then =
        instruction.operation == nullptr ? branch(instruction) : perform(script, instruction);
    if (then == Then::dies) return;
    at = then == Then::next ? at + 1 : instruction.otherwise;
  }
}

Scene::Then Scene::branch(const Instruction& instruction) {
  const Value value =
      look("look at the register", [&] { return registers_[instruction.reg]->read(); });
  return (value == instruction.value) == instruction.equal ? Then::next : Then::otherwise;
}

// Nothing: nobody was there any more to get it.
Scene::Then Scene::store(const Instruction& instruction, std::optional<Value> value,
                         const Script& script) {
  if (!value && instruction.process == script.process) return Then::dies;
  if (!instruction.result) return Then::next;
  step(kNoteResult, [&] {
    registers_[*instruction.result]->write(value.value_or(0));
    if (recorded())
      decided(fmt::format("{} = {}", instruction.operation->result, value.value_or(0)));
  });
  return Then::next;
}

Scene::Then Scene::answer(const Instruction& instruction, Answer answer, const Script& script) {
  if (answer == Answer::killed) return store(instruction, std::nullopt, script);
  if (answer == Answer::failed) refused(instruction);
  return store(instruction, answer == Answer::done ? 1 : 0, script);
}

Scene::Then Scene::fork(const Instruction& instruction, const Script& script, Task task) {
  const Answer forked = machine_.fork(task, instruction.child);
  if (forked == Answer::done)
    step("start its threads", [&] {
      for (const Script& child : plan_.scripts)
        if (child.process == instruction.child)
          spawn(child.name.c_str(), [this, &child] { perform(child); });
    });
  return answer(instruction, forked, script);
}

Scene::Then Scene::perform(const Script& script, const Instruction& instruction) {
  const litmus::Operation& operation = *instruction.operation;
  const Task task{instruction.process, script.cpu};
  switch (operation.word) {
    case Word::signal:
      step("signal", [&] { signals_[instruction.signal]->write(true); });
      return Then::next;
    case Word::wait:
      if (operation.name.ends_with(".exit"))
        machine_.await_exit(instruction.child);
      else
        await(
            "wait", [&] { return signals_[instruction.signal]->read(); }, [] {});
      return Then::next;
    case Word::read:
      return store(instruction,
                   machine_.read(task, instruction.page, half_of(operation.place.half)), script);
    case Word::peek: {
      const auto seen = machine_.peek(instruction.reference, half_of(operation.half));
      return store(instruction, seen.value_or(0), script);
    }
    case Word::fork:
      return fork(instruction, script, task);
    case Word::exit:
      machine_.exit(task);
      return Then::dies;
    default:
      return answer(instruction, work(instruction, task), script);
  }
}

// What threads ask of the kernel for themselves.
Answer Scene::work(const Instruction& i, Task task) {
  const litmus::Operation& operation = *i.operation;
  const auto value = static_cast<Value>(operation.value);
  const Pages pages{i.page, i.pages};
  switch (operation.word) {
    case Word::write:
      return machine_.write(task, i.page, value, half_of(operation.place.half));
    case Word::force:
      return machine_.force(task, i.page, value, half_of(operation.place.half));
    case Word::get:
    case Word::pin:
      return machine_.take(task, i.page, take_of(operation), i.reference);
    case Word::poke:
      machine_.poke(i.reference, value, half_of(operation.half));
      return Answer::done;
    case Word::drop:
      machine_.drop(i.reference);
      return Answer::done;
    case Word::unmap:
      return machine_.unmap(task, pages);
    case Word::map:
      return machine_.map(task, pages);
    case Word::discard:
      return machine_.discard(task, pages);
    case Word::free:
      return machine_.free(task, pages);
    case Word::protect:
      return machine_.protect(task, pages, protection_of(operation.protection));
    case Word::dontfork:
      return machine_.set_dontfork(task, pages, true);
    case Word::dofork:
      return machine_.set_dontfork(task, pages, false);
    case Word::wipeonfork:
      return machine_.set_wipeonfork(task, pages, true);
    case Word::wp:
      return machine_.write_protect(task, pages);
    case Word::unwp:
      return machine_.write_unprotect(task, pages);
    case Word::serve:
      machine_.serve(task, i.page);
      return Answer::done;
    case Word::clear_refs:
      machine_.clear_refs(task);
      return Answer::done;
    case Word::move:
      return machine_.move(task, i.page, i.other);
    case Word::uffd_move:
      return machine_.uffd_move(task, i.page, i.other);
    default:
      return act(i, task);
  }
}

// What the kernel does by itself.
Answer Scene::act(const Instruction& i, Task task) {
  switch (i.operation->word) {
    case Word::swapout:
      return machine_.swap_out(task, i.page);
    case Word::swapoff:
      return machine_.swap_off(task);
    case Word::writeback:
      i.operation->phase == litmus::Phase::begin ? machine_.begin_writeback(task, i.page)
                                                 : machine_.end_writeback(task, i.page);
      return Answer::done;
    case Word::merge:
      return machine_.merge(task, i.page, i.other_process, i.other);
    case Word::unmerge:
      return machine_.unmerge(task, {i.page, i.pages});
    case Word::migrate:
      return machine_.migrate(task, i.page);
    case Word::split:
      return machine_.split_folio(task, i.page);
    case Word::split_pmd:
      return machine_.split_pmd(task, i.page);
    case Word::collapse:
      return machine_.collapse(task, i.page);
    case Word::lock:
      machine_.lock_page(task, i.page);
      return Answer::done;
    case Word::unlock:
      machine_.unlock_page(task, i.page);
      return Answer::done;
    case Word::lru:
      machine_.batch(task, i.page);
      return Answer::done;
    case Word::drain:
      machine_.drain(task);
      return Answer::done;
    default:
      broken(fmt::format("nobody performs `{}`", i.text));
  }
}

std::uint64_t Scene::ask(const Quantity& q) const {
  using litmus::AtomKind;
  switch (q.atom->kind) {
    case AtomKind::reg:
      return registers_[q.reg]->read();
    case AtomKind::content: {
      const auto value = machine_.value(q.process, q.page, half_of(q.atom->place.half));
      return value ? *value : kUnreadable;
    }
    case AtomKind::coherent:
      return machine_.coherent(q.reference);
    case AtomKind::same:
      return machine_.same(q.process, q.page, q.other_process, q.other);
    case AtomKind::pinned:
      return machine_.pinned(q.process, q.page);
    case AtomKind::exclusive:
      return machine_.exclusive(q.process, q.page);
    case AtomKind::swapped:
      return machine_.swapped(q.process, q.page);
    case AtomKind::mapped:
      return machine_.value(q.process, q.page).has_value();
    case AtomKind::killed:
      return machine_.killed(q.process);
    case AtomKind::copies: {
      std::uint64_t sum = 0;
      for (PageNo i = 0; i < q.pages; ++i) sum += machine_.copies(q.page + i);
      return sum;
    }
  }
  return 0;
}

void Scene::end(Outcome& outcome) {
  if (auto what = machine_.invariant()) broken(*what);
  if (auto what = machine_.leak()) broken(*what);
  for (const Quantity& quantity : plan_.quantities)
    outcome.note(quantity.text.c_str(), ask(quantity));
}

}  // namespace lab
