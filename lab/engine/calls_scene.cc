#include "lab/engine/calls_scene.h"

#include <algorithm>
#include <span>

namespace lab::engine {
namespace {

constexpr Address kPage = cleave::address_of(cleave::PageNo{2});
constexpr Address kOther = kPage + cleave::kPageSize;
constexpr std::uint64_t kRefused = 99;
constexpr Count kFirstStored = 10;
constexpr std::uint64_t kMemory = 4;  // pages, where there is a backing
// Handles of the set-up come first, then one a thread and call.
constexpr std::size_t kOfSetUp = 0;
constexpr std::size_t kChild = Stage::kMost - 1;
constexpr std::size_t place(std::size_t thread, std::size_t which) {
  return 1 + 2 * thread + which;
}

std::uint64_t content(const cleave::Space& space, Address page = kPage) {
  Count value = 0;
  return space.read(page, std::as_writable_bytes(std::span(&value, 1))) ? value : kRefused;
}

// Each page that is in memory is looked at once.
void merge(cleave::Pool& pool) { (void)must(pool.merge(kMemory * cleave::kPageSize)); }

void make_equal(cleave::Space& space) {
  std::vector<std::byte> page(cleave::kPageSize);
  must(space.read(kPage, page));
  must(space.write(kOther, page));
}

}  // namespace

bool CallsScene::has_backing() const {
  return std::ranges::any_of(calls_.before,
                             [](Before before) { return before >= Before::backing; });
}

bool CallsScene::has_equal() const {
  return std::ranges::any_of(calls_.before, [](Before before) { return before >= Before::equal; });
}

void CallsScene::set_up(Stage& stage) {
  if (has_backing()) {
    stage.open_with_backing(kMemory);
  } else {
    stage.open(24);
  }
  cleave::Space& space = *stage.spaces[kOfSetUp];
  must(space.map_at(kPage, 2 * cleave::kPageSize));
  if (std::ranges::find(calls_.before, Before::elder) != calls_.before.end()) put(space, kOther, 1);
  put(space, kPage, 1);
  for (std::size_t t = 0; t < calls_.threads.size(); ++t) stage.accessor_for(t);
  for (const Before before : calls_.before) {
    switch (before) {
      case Before::fork:
        stage.spaces[kChild].emplace(must(space.fork()));
        break;
      case Before::pin:
        stage.pins[kOfSetUp].emplace(must(space.pin(kPage, 8, cleave::PinAccess::write)));
        break;
      case Before::snapshot:
        stage.snapshots[kOfSetUp].emplace(must(space.snapshot()));
        put(space, kPage, 2);
        break;
      case Before::warm:  // sections are light, and remember the page
        for (std::size_t t = 0; t < calls_.threads.size(); ++t) {
          stage.adapter.act_for(t + 1);
          for (int i = 0; i < 4; ++i) must(stage.accessors[t]->store<Count>(kPage + 64, 1));
        }
        stage.adapter.act_for(0);
        break;
      case Before::backing:
        break;
      case Before::away:
        (void)stage.pool->evict(kMemory * cleave::kPageSize);
        put(space, kOther, 5);  // lies where the page did
        break;
      case Before::equal:
      case Before::elder:
      case Before::merged:
      case Before::together:
        make_equal(space);
        merge(*stage.pool);
        if (before == Before::equal || before == Before::elder) break;
        merge(*stage.pool);
        if (before == Before::together) (void)stage.pool->evict(kMemory * cleave::kPageSize);
        break;
    }
  }
  if (order_ == nullptr) return;
  for (const auto& [thread, which] : *order_) {
    stage.adapter.act_for(thread + 1);
    make(stage, thread, which);
  }
  stage.adapter.act_for(0);
}

std::vector<Part> CallsScene::parts(Stage& stage) {
  std::vector<Part> parts;
  if (order_ != nullptr) return {{"none", [] {}}};
  for (std::size_t t = 0; t < calls_.threads.size(); ++t)
    parts.push_back({"thread", [this, &stage, t] {
                       for (std::size_t i = 0; i < calls_.threads[t].size(); ++i) {
                         explore::operation(name(calls_.threads[t][i]));
                         make(stage, t, i);
                       }
                     }});
  return parts;
}

void CallsScene::make(Stage& stage, std::size_t thread, std::size_t which) {
  cleave::Space& space = *stage.spaces[kOfSetUp];
  cleave::Accessor& accessor = *stage.accessors[thread];
  std::uint64_t& result = came_to_[thread][which];
  const std::size_t at = place(thread, which);
  const auto done = [&](bool yes) { result = yes ? 1 : kRefused; };
  const auto pinned = [&](cleave::Result<cleave::Pin> pin) {
    done(pin.has_value());
    if (pin) stage.pins[at].emplace(std::move(*pin));
  };
  switch (calls_.threads[thread][which]) {
    case Call::store:
      return done(accessor.store<Count>(kPage, kFirstStored + thread * 2 + which).has_value());
    case Call::load: {
      const auto seen = accessor.load<Count>(kPage);
      result = seen ? *seen : kRefused;
      return;
    }
    case Call::fork:
      stage.spaces[at].emplace(must(space.fork()));
      // What a fork has it keeps: a store that lands there later is seen.
      if (has_backing()) result = content(*stage.spaces[at]);
      return;
    case Call::end_child:
      return stage.spaces[kChild].end();
    case Call::pin:
      return pinned(accessor.pin(kPage, 8, cleave::PinAccess::write));
    case Call::pin_slow:
      return pinned(space.pin(kPage, 8, cleave::PinAccess::write));
    case Call::unpin:
      return stage.pins[kOfSetUp].end();
    case Call::hold: {
      auto hold = space.hold(kPage, 8);
      done(hold.has_value());
      if (hold) stage.holds[at].emplace(std::move(*hold));
      return;
    }
    case Call::unmap:
      return done(space.unmap(kPage, cleave::kPageSize).has_value());
    case Call::protect:
      return done(space.protect(kPage, cleave::kPageSize, cleave::Protection::read).has_value());
    case Call::rollback:
      return done(space.rollback(*stage.snapshots[kOfSetUp]).has_value());
    case Call::evict:
      (void)stage.pool->evict(cleave::kPageSize);
      return;
    case Call::merge:
      return merge(*stage.pool);
  }
}

// Everything that anyone can see, and that what is pinned stays with its owner.
std::string CallsScene::look(Stage& stage, explore::Outcome& outcome) {
  for (const auto& of_thread : came_to_)
    for (const std::uint64_t result : of_thread) outcome.note("call", result);
  for (auto& space : stage.spaces) outcome.note("space", space ? content(*space) : 0);
  for (auto& hold : stage.holds) outcome.note("hold", hold ? get(*hold, kPage) : 0);
  for (auto& pin : stage.pins) outcome.note("pin", pin ? peek(*pin) : 0);
  cleave::Space& space = *stage.spaces[kOfSetUp];
  // What is merged with the page does not change with it.
  const auto stays = [&](const cleave::Space& of) {
    const std::uint64_t there = content(of, kOther);
    return !has_equal() || there < kFirstStored || there == kRefused;
  };
  for (auto& one : stage.spaces)
    if (one && !stays(*one)) return "a page sees a store to its equal";
  Count value = 77;
  const bool stored = space.write(kPage, std::as_bytes(std::span(&value, 1))).has_value();
  if (!stays(space)) return "a page sees a later store to its equal";
  for (auto& pin : stage.pins)
    outcome.note("coherent", pin && stored ? static_cast<std::uint64_t>(peek(*pin) == 77) : 2);
  for (std::size_t i = 1; i < stage.spaces.size(); ++i)
    if (stage.spaces[i] && content(*stage.spaces[i]) == 77) return "a fork sees its parent's store";
  for (auto& hold : stage.holds)
    if (hold && get(*hold, kPage) == 77) return "a hold sees a later store";
  return {};
}

}  // namespace lab::engine
