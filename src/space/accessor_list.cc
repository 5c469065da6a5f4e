#include "space/accessor_list.h"

#include <utility>

#include "sync/heavy_fence.h"
#include "sync/memory.h"
#include "sync/process.h"

namespace cleave::detail {
namespace {

// Stamps have one writer at a time, the holder of the space's lock.
void advance(sync::atomic<std::uint64_t>& stamp, std::uint64_t by) noexcept {
  stamp.store(stamp.load(sync::relaxed) + by, sync::release);
}

}  // namespace

AccessorList* AccessorList::make() noexcept {
  static_assert(sizeof(AccessorList) <= sync::kWipedBytes);
  auto* retired = sync::make<Batches>();
  void* wiped = retired == nullptr ? nullptr : sync::allocate_wiped();
  if (wiped != nullptr) return new (wiped) AccessorList(*retired);
  sync::destroy(retired);
  return nullptr;
}

void AccessorList::end(AccessorList* list) noexcept {
  if (list == nullptr) return;
  sync::destroy(&list->retired_);
  sync::deallocate_wiped(list);
}

void AccessorList::attach(Participant& member) noexcept {
  Participant* const first = participants_.get();
  member.next.set(first);
  member.previous = nullptr;
  if (first != nullptr) first->previous = &member;
  participants_.set(&member);
}

void AccessorList::detach(Participant& member, Frames& frames) noexcept {
  Participant* const after = member.next.get();
  (member.previous != nullptr ? member.previous->next : participants_).set(after);
  if (after != nullptr) after->previous = member.previous;
  if (participants_.get() == nullptr) {
    retired_.aging.drop_all(frames);
    retired_.gathering.drop_all(frames);
  }
}

bool AccessorList::has_others() const {
  bool found = false;
  for_others([&](const Participant&) { found = true; });
  return found;
}

void AccessorList::revoke_writers() noexcept {
  const std::uint64_t held = stamps.write.load(sync::relaxed);
  // seq_cst: the revoking side of a strong section's exchange. Either the section sees the odd
  // stamp, or we see the section.
  (void)stamps.write.exchange(held + 1, sync::seq_cst);
  bool any_light = std::exchange(fence_due_, false) && sync::performs("invalidate.fence_due");
  for_others([&](const Participant& p) { any_light = any_light || p.section.light_under(held); });
  if (any_light) sync::heavy_fence("revoke_writers.heavy");
  for_others([](const Participant& p) { p.section.wait_for_writer(); });
}

void AccessorList::revoke_all(Frames& frames) noexcept {
  (void)stamps.write.exchange(stamps.write.load(sync::relaxed) + 1, sync::seq_cst);
  for (auto& stamp : stamps.read) advance(stamp, 2);
  if (has_others()) {
    sync::heavy_fence("revoke_all.heavy");
    for_others([](const Participant& p) { p.section.wait_until_idle(); });
  }
  retired_.aging.drop_all(frames);
  retired_.gathering.drop_all(frames);
}

// The write stamp first, as revoke_all() does.
void AccessorList::invalidate() noexcept {
  advance(stamps.write, 2);
  for (auto& stamp : stamps.read) advance(stamp, 2);
  fence_due_ = true;
}

void AccessorList::note_looking() noexcept {
  for (Participant* p = participants_.get(); p != nullptr; p = p->next.get())
    p->was_looking = p->section.inside();
}

bool AccessorList::is_looking() noexcept {
  bool any = false;
  for (Participant* p = participants_.get(); p != nullptr; p = p->next.get()) {
    // An explorer would have us look for ever.
    if (sync::kExplored && p->was_looking) p->section.wait_until_idle();
    p->was_looking = p->was_looking && !sync::kExplored && p->section.inside();
    any = any || p->was_looking;
  }
  return any;
}

void AccessorList::resume() noexcept {
  // release: who finds the stamp even again sees what was changed meanwhile.
  advance(stamps.write, 1);
}

void AccessorList::begin_move(PageNo page) noexcept { advance(stamps.read_for(raw(page)), 1); }

void AccessorList::commit_move(PageNo page) noexcept { advance(stamps.read_for(raw(page)), 1); }

void AccessorList::abort_move(PageNo page) noexcept {
  advance(stamps.read_for(raw(page)), ~std::uint64_t{0});
}

void AccessorList::retire(Retired& retired, Frames& frames) noexcept {
  if (retired.empty()) return;
  if (!has_others()) {
    retired.drop_all(frames);
    return;
  }
  for (const Entry entry : retired) retired_.gathering.add(entry);
  retired.forget_all();
  if (!retired_.gathering.has_room(kMostRetiredByOneWrite)) {
    finish_aging(frames);
    start_aging();
  }
}

void AccessorList::start_aging() noexcept {
  std::swap(retired_.aging, retired_.gathering);
  // Sections that begin after this fence find the new entries; those that it finds running may not.
  sync::heavy_fence("retire.heavy");
  for (Participant* p = participants_.get(); p != nullptr; p = p->next.get())
    p->was_inside = p->section.inside();
}

void AccessorList::finish_aging(Frames& frames) noexcept {
  for_others([](Participant& p) {
    if (p.was_inside) p.section.wait_until_idle();
    p.was_inside = false;
  });
  retired_.aging.drop_all(frames);
}

bool AccessorList::drain_retired(Frames& frames) noexcept {
  if (retired_.aging.empty() && retired_.gathering.empty()) return false;
  finish_aging(frames);
  start_aging();
  finish_aging(frames);
  return true;
}

}  // namespace cleave::detail
