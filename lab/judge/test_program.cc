#include "lab/judge/test_program.h"

#include <fmt/format.h>

namespace lab::judge {
namespace {

using litmus::Word;

model::Half half_of(litmus::Half half) {
  return half == litmus::Half::a ? model::Half::a : model::Half::b;
}

model::Protection protection_of(litmus::Protection protection) {
  switch (protection) {
    case litmus::Protection::none:
      return model::Protection::none;
    case litmus::Protection::ro:
      return model::Protection::read;
    case litmus::Protection::rw:
      break;
  }
  return model::Protection::write;
}

model::WpMode mode_of(litmus::WpMode mode) {
  switch (mode) {
    case litmus::WpMode::async:
      return model::WpMode::async;
    case litmus::WpMode::unpopulated:
      return model::WpMode::unpopulated;
    case litmus::WpMode::waits:
      break;
  }
  return model::WpMode::waits;
}

model::GupFlags take_of(const litmus::Operation& operation) {
  model::GupFlags take;
  take.pin = operation.word == Word::pin;
  take.write = operation.access.write;
  take.long_term = operation.access.lasting;
  take.fast = operation.access.fast;
  take.fast_only = operation.access.only;
  return take;
}

}  // namespace

TestProgram::TestProgram(const Plan& plan, const model::Rules& rules)
    : plan_(plan), machine_(rules, plan.setup) {
  for (const std::string& name : plan.signals)
    signals_.push_back(std::make_unique<explore::Shared<bool>>(name.c_str()));
  for (const std::string& name : plan.registers)
    registers_.push_back(std::make_unique<explore::Shared<model::Value>>(name.c_str()));
}

void TestProgram::start(explore::Threads& threads) {
  for (const ThreadPlan& thread : plan_.threads)
    if (thread.process == 0) threads.add(thread.name.c_str(), [this, &thread] { perform(thread); });
}

void TestProgram::perform(const ThreadPlan& thread) {
  for (std::size_t at = 0; at < thread.code.size();) {
    const Instruction& instruction = thread.code[at];
    if (!instruction.label.empty()) explore::reached(instruction.label);
    explore::operation(instruction.text);
    const Then then =
        instruction.operation == nullptr ? branch(instruction) : perform(thread, instruction);
    if (then == Then::dies) return;
    at = then == Then::next ? at + 1 : instruction.otherwise;
  }
}

TestProgram::Then TestProgram::branch(const Instruction& instruction) {
  const model::Value value =
      explore::look("look at the register", [&] { return registers_[instruction.reg]->read(); });
  return (value == instruction.value) == instruction.equal ? Then::next : Then::otherwise;
}

// Nothing: the process was killed before it got it.
TestProgram::Then TestProgram::store(const Instruction& instruction,
                                     std::optional<model::Value> value, const ThreadPlan& thread) {
  if (!value && instruction.process == thread.process) return Then::dies;
  if (!instruction.result) return Then::next;
  explore::step(kNoteResult, [&] {
    registers_[*instruction.result]->write(value.value_or(0));
    if (explore::recorded())
      explore::decided(fmt::format("{} = {}", instruction.operation->result, value.value_or(0)));
  });
  return Then::next;
}

TestProgram::Then TestProgram::answer(const Instruction& instruction, model::Answer answer,
                                      const ThreadPlan& thread) {
  if (answer == model::Answer::killed) return store(instruction, std::nullopt, thread);
  if (answer == model::Answer::failed) refused(instruction);
  return store(instruction, answer == model::Answer::done ? 1 : 0, thread);
}

TestProgram::Then TestProgram::fork(const Instruction& instruction, const ThreadPlan& thread,
                                    model::Task task) {
  const model::Answer forked = machine_.fork(task, instruction.child, instruction.operation->event);
  if (forked == model::Answer::done)
    explore::step("start its threads", [&] {
      for (const ThreadPlan& child : plan_.threads)
        if (child.process == instruction.child)
          explore::spawn(child.name.c_str(), [this, &child] { perform(child); });
    });
  return answer(instruction, forked, thread);
}

TestProgram::Then TestProgram::perform(const ThreadPlan& thread, const Instruction& instruction) {
  const litmus::Operation& operation = *instruction.operation;
  const model::Task task{instruction.process, thread.cpu};
  switch (operation.word) {
    case Word::signal:
      explore::step("signal", [&] { signals_[instruction.signal]->write(true); });
      return Then::next;
    case Word::wait:
      if (operation.name.ends_with(".exit"))
        machine_.await_exit(instruction.child);
      else
        explore::await(
            "wait", [&] { return signals_[instruction.signal]->read(); }, [] {});
      return Then::next;
    case Word::read:
      return store(instruction,
                   machine_.read(task, instruction.page, half_of(operation.place.half)), thread);
    case Word::peek: {
      const auto seen = machine_.peek(instruction.reference, half_of(operation.half));
      return store(instruction, seen.value_or(0), thread);
    }
    case Word::fork:
      return fork(instruction, thread, task);
    case Word::exit:
      machine_.exit(task);
      return Then::dies;
    default:
      return answer(instruction, work(instruction, task), thread);
  }
}

// What threads ask of the kernel for themselves.
model::Answer TestProgram::work(const Instruction& i, model::Task task) {
  const litmus::Operation& operation = *i.operation;
  const auto value = static_cast<model::Value>(operation.value);
  const model::PageRange pages{i.page, i.pages};
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
      return model::Answer::done;
    case Word::drop:
      machine_.drop(i.reference);
      return model::Answer::done;
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
      return machine_.write_protect(task, pages, mode_of(operation.mode));
    case Word::unwp:
      return machine_.write_unprotect(task, pages);
    case Word::missing:
      return machine_.register_faults(task, pages, model::Userfaults::missing);
    case Word::minor:
      return machine_.register_faults(task, pages, model::Userfaults::minor);
    case Word::serve:
      machine_.serve(task, i.page);
      return model::Answer::done;
    case Word::uffd_copy:
      return machine_.uffd_copy(task, pages, value, operation.protects);
    case Word::uffd_zeropage:
      return machine_.uffd_zeropage(task, pages);
    case Word::uffd_continue:
      return machine_.uffd_continue(task, pages, operation.protects);
    case Word::clear_refs:
      machine_.clear_refs(task);
      return model::Answer::done;
    case Word::move:
      return machine_.move(task, pages, i.other, operation.event);
    case Word::uffd_move:
      return machine_.uffd_move(task, pages, i.other);
    default:
      return act(i, task);
  }
}

// What the kernel does by itself.
model::Answer TestProgram::act(const Instruction& i, model::Task task) {
  switch (i.operation->word) {
    case Word::swapout:
      return swap_out(i, task);
    case Word::swapoff:
      return machine_.swap_off(task);
    case Word::writeback:
      i.operation->phase == litmus::Phase::begin ? machine_.begin_writeback(task, i.page)
                                                 : machine_.end_writeback(task, i.page);
      return model::Answer::done;
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
      return model::Answer::done;
    case Word::unlock:
      machine_.unlock_page(task, i.page);
      return model::Answer::done;
    case Word::lru:
      machine_.batch(task, i.page);
      return model::Answer::done;
    case Word::drain:
      machine_.drain(task);
      return model::Answer::done;
    default:
      explore::broken(fmt::format("no rule performs `{}`", i.text));
  }
}

// Part by part; reclaim splits what is large.
model::Answer TestProgram::swap_out(const Instruction& i, model::Task task) {
  model::Answer answer = model::Answer::done;
  for (model::PageNo part = 0; part < i.pages; ++part)
    if (machine_.swap_out(task, i.page + part) != model::Answer::done)
      answer = model::Answer::failed;
  return answer;
}

std::uint64_t TestProgram::ask(const Quantity& q) const {
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
    case AtomKind::protected_:
      return machine_.write_protected(q.process, q.page);
    case AtomKind::softdirty:
      return machine_.soft_dirty(q.process, q.page);
    case AtomKind::swapped:
      return machine_.swapped(q.process, q.page);
    case AtomKind::mapped:
      return machine_.value(q.process, q.page).has_value();
    case AtomKind::killed:
      return machine_.killed(q.process);
    case AtomKind::copies: {
      std::uint64_t sum = 0;
      for (model::PageNo i = 0; i < q.pages; ++i) sum += machine_.copies(q.page + i);
      return sum;
    }
  }
  return 0;
}

void TestProgram::end(explore::Outcome& outcome) {
  if (auto what = machine_.contradiction()) explore::broken(std::move(*what));
  for (const Quantity& quantity : plan_.quantities)
    outcome.note(quantity.text.c_str(), ask(quantity));
}

}  // namespace lab::judge
