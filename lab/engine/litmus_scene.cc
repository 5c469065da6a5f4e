#include "lab/engine/litmus_scene.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "lab/engine/stage/page_of.h"
#include "lab/judge/test_program.h"

namespace lab::engine {
namespace {

using cleave::Protection;
using judge::Instruction;
using litmus::Word;

// From the first on: the tree is as low as it can be, and a test soon searched.
constexpr std::uint64_t kFirstPage = 0;

Address address(model::PageNo page, litmus::Half half = litmus::Half::a) {
  return cleave::address_of(LitmusScene::page_no(page)) +
         (half == litmus::Half::a ? 0 : LitmusScene::kOtherHalf);
}

bool is_merged(const model::PageSetup& page) { return page.kind == model::PageKind::ksm; }

bool needs_backing(const judge::Plan& plan) {
  const auto asks = [](const Instruction& i) {
    return i.operation != nullptr &&
           (i.operation->word == Word::swapout || i.operation->word == Word::merge);
  };
  return std::ranges::any_of(plan.setup.pages, &model::PageSetup::swapped) ||
         std::ranges::any_of(plan.setup.pages, is_merged) ||
         std::ranges::any_of(plan.threads, [&](const judge::ThreadPlan& thread) {
           return std::ranges::any_of(thread.code, asks);
         });
}

bool evict(Stage& stage, const cleave::Space& space, model::PageNo page) {
  return engine::evict(*stage.pool, frame_at(space, LitmusScene::page_no(page)));
}

bool merge(Stage& stage, const cleave::Space& space, model::PageNo page,
           const cleave::Space& other_space, model::PageNo other) {
  return engine::merge(*stage.pool, frame_at(space, LitmusScene::page_no(page)),
                       frame_at(other_space, LitmusScene::page_no(other)));
}

// Those that are merged from the start: all of one value.
void merge(Stage& stage, const std::vector<model::PageSetup>& pages) {
  const cleave::Space& space = *stage.spaces[0];
  for (model::PageNo page = 0; page < pages.size(); ++page) {
    for (model::PageNo first = 0; first < page && is_merged(pages[page]); ++first) {
      if (!is_merged(pages[first]) || pages[first].value != pages[page].value) continue;
      (void)merge(stage, space, page, space, first);
      break;
    }
  }
}

Protection protection_of(litmus::Protection protection) {
  switch (protection) {
    case litmus::Protection::none:
      return Protection::none;
    case litmus::Protection::ro:
      return Protection::read;
    case litmus::Protection::rw:
      break;
  }
  return Protection::read_write;
}

}  // namespace

cleave::PageNo LitmusScene::page_no(model::PageNo page) {
  return cleave::PageNo{kFirstPage + page};
}

LitmusScene::LitmusScene(const judge::Plan& plan)
    : plan_(plan),
      registers_(plan.registers.size()),
      killed_(plan.processes.size()),
      taken_(plan.references.size()) {
  for (const std::string& name : plan.signals)
    signals_.push_back(std::make_unique<explore::Shared<bool>>(name.c_str()));
  for (const std::string& name : plan.processes)
    exited_.push_back(std::make_unique<explore::Shared<bool>>(name.c_str()));
}

void LitmusScene::set_up(Stage& stage) {
  const std::uint64_t frames = 8 + 4 * plan_.setup.pages.size();
  if (needs_backing(plan_)) {
    stage.open_with_backing(frames);
  } else {
    stage.open(frames);
  }
  cleave::Space& space = *stage.spaces[0];
  for (model::PageNo page = 0; page < plan_.setup.pages.size(); ++page) {
    const model::PageSetup& setup = plan_.setup.pages[page];
    if (setup.unmapped) continue;
    must(space.map_at(address(page), cleave::kPageSize));
    if (setup.kind != model::PageKind::zero) {
      put(space, address(page, litmus::Half::a), setup.value);
      put(space, address(page, litmus::Half::b), setup.value);
    }
    if (setup.swapped) (void)evict(stage, space, page);
    if (setup.readonly) must(space.protect(address(page), cleave::kPageSize, Protection::read));
  }
  merge(stage, plan_.setup.pages);
  std::size_t number = 0;  // as the explorer will number them
  for (const judge::ThreadPlan& thread : plan_.threads)
    if (thread.process == 0) stage.accessor_for(number++, 0, thread.cpu);
  copies_ = stage.pool->statistics().copies;
}

std::vector<Part> LitmusScene::parts(Stage& stage) {
  std::vector<Part> parts;
  for (const judge::ThreadPlan& thread : plan_.threads)
    if (thread.process == 0)
      parts.push_back({thread.name.c_str(), [this, &stage, &thread] { perform(stage, thread); }});
  return parts;
}

void LitmusScene::perform(Stage& stage, const judge::ThreadPlan& thread) {
  if (thread.process != 0) {
    explore::operation("make an accessor");
    stage.accessors[thread.cpu].emplace(must(stage.spaces[thread.process]->accessor()));
  }
  for (std::size_t at = 0; at < thread.code.size();) {
    const Instruction& i = thread.code[at];
    if (!i.label.empty()) explore::reached(i.label);
    explore::operation(i.text);
    Then then = Then::next;
    if (i.operation != nullptr)
      then = perform(stage, thread, i);
    else if ((registers_[i.reg] == i.value) != i.equal)
      then = Then::otherwise;
    if (then == Then::dies) return;
    at = then == Then::next ? at + 1 : i.otherwise;
  }
}

LitmusScene::Then LitmusScene::perform(Stage& stage, const judge::ThreadPlan& thread,
                                       const Instruction& i) {
  const litmus::Operation& operation = *i.operation;
  cleave::Accessor& accessor = *stage.accessors[thread.cpu];
  switch (operation.word) {
    case Word::signal:
      explore::step("signal", [&] { signals_[i.signal]->write(true); });
      return Then::next;
    case Word::wait: {
      explore::Shared<bool>& flag =
          operation.name.ends_with(".exit") ? *exited_[i.child] : *signals_[i.signal];
      explore::await(
          "wait", [&] { return flag.read(); }, [] {});
      return Then::next;
    }
    case Word::write:
      if (!accessor.store<Count>(address(i.page, operation.place.half), operation.value))
        return kill(thread);
      return answer(i, 1);
    case Word::read: {
      const auto seen = accessor.load<Count>(address(i.page, operation.place.half));
      return seen ? answer(i, *seen) : kill(thread);
    }
    case Word::fork:
      return fork(stage, i);
    case Word::exit:
      return exit(stage, thread);
    case Word::get:
    case Word::pin:
    case Word::peek:
    case Word::poke:
    case Word::drop:
      return take(stage, thread, i);
    default:
      return change(stage, i);
  }
}

LitmusScene::Then LitmusScene::answer(const Instruction& i, std::uint64_t value) {
  if (!i.result) return Then::next;
  explore::look(judge::kNoteResult, [&] {
    registers_[*i.result] = value;
    if (explore::recorded()) explore::decided(fmt::format("{} = {}", i.operation->result, value));
  });
  return Then::next;
}

// What a processor would be stopped at, an accessor refuses.
LitmusScene::Then LitmusScene::kill(const judge::ThreadPlan& thread) {
  killed_[thread.process] = true;
  return Then::dies;
}

LitmusScene::Then LitmusScene::fork(Stage& stage, const Instruction& i) {
  stage.spaces[i.child].emplace(must(stage.spaces[i.process]->fork()));
  explore::step("start its threads", [&] {
    for (const judge::ThreadPlan& child : plan_.threads)
      if (child.process == i.child)
        explore::spawn(child.name.c_str(), [this, &stage, &child] { perform(stage, child); });
  });
  return answer(i, 1);
}

LitmusScene::Then LitmusScene::exit(Stage& stage, const judge::ThreadPlan& thread) {
  stage.accessors[thread.cpu].end();
  stage.spaces[thread.process].end();
  explore::step("it has ended", [&] { exited_[thread.process]->write(true); });
  return Then::dies;
}

LitmusScene::Then LitmusScene::take(Stage& stage, const judge::ThreadPlan& thread,
                                    const Instruction& i) {
  const litmus::Operation& operation = *i.operation;
  Kept<cleave::Pin>& pin = stage.pins[i.reference];
  Kept<cleave::Hold>& hold = stage.holds[i.reference];
  const std::size_t half = operation.half == litmus::Half::a ? 0 : kOtherHalf;
  switch (operation.word) {
    case Word::peek:
      if (pin) return answer(i, peek(*pin, half));
      return answer(i, hold ? get(*hold, hold->address() + half) : 0);
    case Word::poke:
      if (pin) poke(*pin, operation.value, half);
      return answer(i, 1);
    case Word::drop:
      pin.end();
      hold.end();
      return answer(i, 1);
    default:
      break;
  }
  taken_[i.reference] = {i.process, i.page};
  cleave::Space& space = *stage.spaces[i.process];
  if (operation.word == Word::get) {
    auto made = space.hold(address(i.page), cleave::kPageSize);
    if (made) hold.emplace(std::move(*made));
    return answer(i, made ? 1 : 0);
  }
  const auto access = operation.access.write ? cleave::PinAccess::write : cleave::PinAccess::read;
  const auto term =
      operation.access.lasting ? cleave::PinTerm::long_term : cleave::PinTerm::short_term;
  const bool fast = operation.access.fast && i.process == thread.process;
  auto made =
      fast ? stage.accessors[thread.cpu]->pin(address(i.page), cleave::kPageSize, access, term)
           : space.pin(address(i.page), cleave::kPageSize, access, term);
  if (made) pin.emplace(std::move(*made));
  return answer(i, made ? 1 : 0);
}

LitmusScene::Then LitmusScene::change(Stage& stage, const Instruction& i) {
  cleave::Space& space = *stage.spaces[i.process];
  const Address at = address(i.page);
  switch (i.operation->word) {
    case Word::unmap:
      return answer(i, space.unmap(at, cleave::kPageSize) ? 1 : 0);
    case Word::map:
      (void)space.unmap(at, cleave::kPageSize);
      return answer(i, space.map_at(at, cleave::kPageSize) ? 1 : 0);
    case Word::discard:
      return answer(i, space.discard(at, cleave::kPageSize) ? 1 : 0);
    case Word::swapout:
      return answer(i, evict(stage, space, i.page) ? 1 : 0);
    case Word::merge:
      return answer(i,
                    merge(stage, space, i.page, *stage.spaces[i.other_process], i.other) ? 1 : 0);
    default:
      return answer(
          i, space.protect(at, cleave::kPageSize, protection_of(i.operation->protection)) ? 1 : 0);
  }
}

std::uint64_t LitmusScene::ask(Stage& stage, const judge::Quantity& q) const {
  using litmus::AtomKind;
  const auto frame = [&](model::ProcessId process, model::PageNo page) {
    const Kept<cleave::Space>& space = stage.spaces[process];
    return space ? frame_at(*space, page_no(page)) : cleave::kZeroFrame;
  };
  switch (q.atom->kind) {
    case AtomKind::reg:
      return registers_[q.reg];
    case AtomKind::content:
    case AtomKind::mapped: {
      Count value = 0;
      const Address at = address(q.page, q.atom->place.half);
      const bool there =
          stage.spaces[q.process] &&
          stage.spaces[q.process]->read(at, std::as_writable_bytes(std::span(&value, 1)));
      if (q.atom->kind == AtomKind::mapped) return there;
      return there ? value : judge::kUnreadable;
    }
    case AtomKind::coherent: {
      const Taken& of = taken_[q.reference];
      const cleave::FrameId now = frame(of.process, of.page);
      const bool held = stage.pins[q.reference] || stage.holds[q.reference];
      if (!held || now == cleave::kZeroFrame) return 1;
      return now == (stage.pins[q.reference]
                         ? frame_behind(*stage.pool, *stage.pins[q.reference])
                         : frame_at(*stage.holds[q.reference], page_no(of.page)));
    }
    case AtomKind::same: {
      const cleave::FrameId one = frame(q.process, q.page);
      return one != cleave::kZeroFrame &&
             are_one(*stage.pool, one, frame(q.other_process, q.other));
    }
    case AtomKind::pinned:
      return is_pinned(*stage.pool, frame(q.process, q.page));
    case AtomKind::exclusive:
      return stage.spaces[q.process] && owns(*stage.spaces[q.process], page_no(q.page));
    case AtomKind::killed:
      return killed_[q.process];
    case AtomKind::copies:
      return stage.pool->statistics().copies - copies_;
    case AtomKind::protected_:
    case AtomKind::softdirty:
    case AtomKind::swapped:
      return is_away(*stage.pool, frame(q.process, q.page));
  }
  return 0;
}

std::string LitmusScene::look(Stage& stage, explore::Outcome& outcome) {
  for (const judge::Quantity& quantity : plan_.quantities)
    outcome.note(quantity.text.c_str(), ask(stage, quantity));
  return {};
}

}  // namespace lab::engine
