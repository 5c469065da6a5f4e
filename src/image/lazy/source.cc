#include "image/lazy/source.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/fail.h"
#include "image/lazy/named_error.h"
#include "image/leases.h"

namespace cleave::detail::image {

LazySource::~LazySource() {
  if (!is_here()) return;
  for (const auto& [number, restored] : restored_) end_lease(*restored);
}

pid_t LazySource::current_process() noexcept { return getpid(); }

bool LazySource::is_here() const noexcept { return current_process() == process_; }

tl::unexpected<Error> LazySource::elsewhere() noexcept {
  return fail(
      Errc::not_permitted,
      "this process is a child of fork(2), and the images are its parent's; open them here");
}

unsigned& LazySource::Ahead::depth() noexcept {
  thread_local unsigned depth = 0;
  return depth;
}

Result<LazySource::Added> LazySource::add(const ImageId& commit) {
  sweep();
  const std::uint64_t room = most_pages_ - pages_given();
  auto restored = with_repository([&](RepositoryState& state) -> Result<std::shared_ptr<Restored>> {
    std::string ref = leases_ ? name_of_lease() : std::string();
    auto leased = state.lease(commit, ref, room);
    if (!leased) return tl::unexpected(leased.error());
    return std::make_shared<Restored>(commit, std::move(ref), std::move(*leased));
  });
  if (!restored) return tl::unexpected(restored.error());
  Result<Added> added = guarded([&]() -> Result<Added> {
    const sync::BareGuard guard(list_);
    if ((*restored)->given() > most_pages_ - all_given()) {
      return fail(Errc::no_memory,
                  "more pages of images than LazyOptions::pages; end spaces that hold some");
    }
    do {
      last_ = (last_ + 1) & ((std::uint32_t{1} << 30) - 1);
    } while (restored_.contains(last_));
    restored_.emplace(last_, *restored);
    return Added{last_, *restored};
  });
  if (!added) end_lease(**restored);
  return added;
}

std::uint64_t LazySource::all_given() const {
  std::uint64_t pages = 0;
  for (const auto& [number, restored] : restored_) pages += restored->given();
  return pages;
}

std::uint64_t LazySource::pages_given() {
  const sync::BareGuard guard(list_);
  return all_given();
}

void LazySource::end_lease(const Restored& restored) noexcept {
  if (restored.lease.empty()) return;
  // Where it cannot be ended now, a collector finds out that this process has ended.
  (void)with_repository([&](RepositoryState& state) { return state.forget(restored.lease); });
}

void LazySource::sweep() noexcept {
  if (!is_here()) return;
  for (;;) {
    std::shared_ptr<Restored> ended;
    {
      const sync::BareGuard guard(list_);
      const auto found = std::ranges::find_if(
          restored_, [](const auto& each) { return !each.second->is_needed(); });
      if (found == restored_.end()) return;
      ended = std::move(found->second);
      restored_.erase(found);
    }
    end_lease(*ended);
  }
}

std::shared_ptr<Restored> LazySource::find(std::uint32_t commit) noexcept {
  const sync::BareGuard guard(list_);
  const auto found = restored_.find(commit);
  return found == restored_.end() ? nullptr : found->second;
}

std::shared_ptr<Restored> LazySource::find_started(const ImageId& commit) noexcept {
  if (!is_here()) return nullptr;
  const sync::BareGuard guard(list_);
  const auto found = std::ranges::find_if(restored_, [&](const auto& each) {
    return each.second->commit == commit && !each.second->start.expired();
  });
  return found == restored_.end() ? nullptr : found->second;
}

Result<void> LazySource::fetch(LazyPlace place, std::byte* into) {
  const std::shared_ptr<Restored> restored = find(place.commit);
  if (restored == nullptr || !restored->has(place.page)) {
    return fail(Errc::io, "the pool has no such page of an image: a bug of cleave");
  }
  const bool ahead = Ahead::is_under_way();
  bool is_page = false;
  if (!ahead) wanting_.add(1, sync::relaxed);
  auto done = with_repository([&](RepositoryState& state) -> Result<void> {
    const auto id = restored->id(state.objects, place.page);
    if (!id) return tl::unexpected(id.error());
    is_page = !id->is_none();
    if (!is_page) {
      std::memset(into, 0, kPageSize);
      return {};
    }
    const auto bytes = state.objects.page(*id);
    if (!bytes) return tl::unexpected(bytes.error());
    std::memcpy(into, bytes->data(), bytes->size());
    return {};
  });
  if (!ahead) wanting_.sub(1, sync::relaxed);
  if (!done) {
    return tl::unexpected(named(done.error(), restored->commit, restored->page(place.page)));
  }
  if (is_page) restored->note_had(place.page, !ahead);
  return {};
}

void LazySource::drop(LazyPlace place) noexcept {
  if (const auto restored = find(place.commit)) restored->drop();
}

void LazySource::let_others() const noexcept {
  while (wanting_.load(sync::relaxed) != 0) (void)sched_yield();
}

void LazySource::announce(std::span<const ImageId> ids) {
  let_others();
  (void)with_repository([&](RepositoryState& state) -> Result<void> {
    state.objects.announce(ids);
    return {};
  });
}

std::size_t LazySource::read_ahead(std::span<const ImageId> ids) {
  let_others();
  const auto served = with_repository(
      [&](RepositoryState& state) -> Result<std::size_t> { return state.objects.read_ahead(ids); });
  return served ? *served : 1;
}

}  // namespace cleave::detail::image
