#include "cleave/space/audience.h"

#include <utility>

namespace cleave {
namespace {

// Stamps have one writer at a time, the holder of the space's lock.
void advance(sync::atomic<std::uint64_t>& stamp, std::uint64_t by) noexcept {
  stamp.store(stamp.load(sync::relaxed) + by, sync::release);
}

}  // namespace

void Audience::attach(Member& member) noexcept {
  member.next = members_;
  member.previous = nullptr;
  if (members_ != nullptr) members_->previous = &member;
  members_ = &member;
}

void Audience::detach(Member& member, Frames& frames) noexcept {
  (member.previous != nullptr ? member.previous->next : members_) = member.next;
  if (member.next != nullptr) member.next->previous = member.previous;
  if (members_ == nullptr) {
    aging_.drop_all(frames);
    gathering_.drop_all(frames);
  }
}

bool Audience::has_others() const {
  bool found = false;
  for_others([&](const Member&) { found = true; });
  return found;
}

void Audience::withdraw_writers() noexcept {
  const std::uint64_t held = stamps.write.load(sync::relaxed);
  // seq_cst: the withdrawing side of a strong section's exchange. Either the section sees the odd
  // stamp, or we see the section.
  (void)stamps.write.exchange(held + 1, sync::seq_cst);
  bool any_light = false;
  for_others([&](const Member& m) { any_light = any_light || m.section.light_under(held); });
  if (any_light) sync::heavy_fence("withdraw_writers.heavy");
  for_others([](const Member& m) { m.section.wait_for_writer(); });
}

void Audience::withdraw_everybody(Frames& frames) noexcept {
  (void)stamps.write.exchange(stamps.write.load(sync::relaxed) + 1, sync::seq_cst);
  for (auto& stamp : stamps.read) advance(stamp, 2);
  if (has_others()) {
    sync::heavy_fence("withdraw_everybody.heavy");
    for_others([](const Member& m) { m.section.wait_until_idle(); });
  }
  aging_.drop_all(frames);
  gathering_.drop_all(frames);
}

void Audience::resume() noexcept {
  // release: who finds the stamp even again sees what was changed meanwhile.
  advance(stamps.write, 1);
}

void Audience::page_moving(PageNo page) noexcept { advance(stamps.read_for(page), 1); }

void Audience::page_moved(PageNo page) noexcept { advance(stamps.read_for(page), 1); }

void Audience::page_stayed(PageNo page) noexcept {
  advance(stamps.read_for(page), ~std::uint64_t{0});
}

void Audience::retire(Retired& retired, Frames& frames) noexcept {
  if (retired.empty()) return;
  if (!has_others()) {
    retired.drop_all(frames);
    return;
  }
  for (const Entry entry : retired) gathering_.add(entry);
  retired.forget_all();
  if (!gathering_.has_room(kMostRetiredByOneWrite)) {
    finish_aging(frames);
    start_aging();
  }
}

void Audience::start_aging() noexcept {
  std::swap(aging_, gathering_);
  // Sections that begin after this fence find the new entries; those that it finds running may not.
  sync::heavy_fence("retire.heavy");
  for (Member* m = members_; m != nullptr; m = m->next) m->was_inside = m->section.inside();
}

void Audience::finish_aging(Frames& frames) noexcept {
  for_others([](Member& m) {
    if (m.was_inside) m.section.wait_until_idle();
    m.was_inside = false;
  });
  aging_.drop_all(frames);
}

bool Audience::settle(Frames& frames) noexcept {
  if (aging_.empty() && gathering_.empty()) return false;
  finish_aging(frames);
  start_aging();
  finish_aging(frames);
  return true;
}

}  // namespace cleave
