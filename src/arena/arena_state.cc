#include "arena/arena_state.h"

#include <utility>

#include "base/fail.h"
#include "base/handle_access.h"
#include "frames/frames.h"

namespace cleave::detail {
namespace {

// The one region that an arena can be.
Result<PageRange> memory_of(const Snapshot& from) {
  unsigned regions = 0;
  PageRange memory{};
  bool is_writable = false;
  from.for_each_region([&](const Region& region) {
    ++regions;
    memory = region.pages;
    is_writable = region.protection == Protection::read_write;
  });
  if (regions == 1 && is_writable && memory.first != PageNo{0}) return memory;
  return fail(Errc::bad_argument,
              "an arena is made of a snapshot with one region, readable and writable, which does "
              "not begin at 0");
}

Result<std::shared_ptr<Joint>> checked(std::shared_ptr<Joint> joint, const Pool& pool) {
  if (auto here = joint->check_here(); !here) return tl::unexpected(here.error());
  if (auto same = joint->check_pool(pool); !same) return tl::unexpected(same.error());
  return joint;
}

}  // namespace

ArenaState::ArenaState(std::shared_ptr<Joint> joint, Mapping&& mapping, Sets&& sets)
    : Member(std::move(mapping), std::move(sets), joint->lock()), joint_(std::move(joint)) {}

ArenaState::~ArenaState() { joint_->leave(*this); }

Result<std::shared_ptr<ArenaState>> ArenaState::make(const Pool& pool,
                                                     function_ref<Result<Mapping>()> map,
                                                     const ArenaOptions& options,
                                                     const ArenaState* joins) {
  return sync::or_no_memory("out of memory allocating an arena",
                            [&] { return make_or_throw(pool, map, options, joins); });
}

Result<std::shared_ptr<ArenaState>> ArenaState::make_or_throw(const Pool& pool,
                                                              function_ref<Result<Mapping>()> map,
                                                              const ArenaOptions& options,
                                                              const ArenaState* joins) {
  if (!HandleAccess::state(pool).is_here()) return not_here();
  auto joint = joins == nullptr ? Joint::create(pool) : checked(joins->joint_, pool);
  if (!joint) return tl::unexpected(joint.error());
  auto mapping = map();
  if (!mapping) return tl::unexpected(mapping.error());
  auto sets = Sets::create(mapping->pages());
  if (!sets) return tl::unexpected(sets.error());
  auto state =
      sync::share_new<ArenaState>(std::move(*joint), std::move(*mapping), std::move(*sets));
  if (auto watched = state->watch(options); !watched) return tl::unexpected(watched.error());
  state->assume_turn();  // no other thread knows it yet
  if (auto right = state->check_memory("its making"); !right) return tl::unexpected(right.error());
  if (auto admitted = state->joint_->admit(*state); !admitted) {
    return tl::unexpected(admitted.error());
  }
  return state;
}

Result<std::shared_ptr<ArenaState>> ArenaState::restore(const Snapshot& from,
                                                        const RestoreOptions& options) {
  return sync::or_no_memory("out of memory allocating an arena",
                            [&] { return restore_or_throw(from, options); });
}

Result<std::shared_ptr<ArenaState>> ArenaState::restore_or_throw(const Snapshot& from,
                                                                 const RestoreOptions& options) {
  const auto memory = memory_of(from);
  if (!memory) return tl::unexpected(memory.error());
  auto recorded = from.fork();
  if (!recorded) return tl::unexpected(recorded.error());
  auto joint = sync::share_new<Joint>(std::move(*recorded));
  void* const at = reinterpret_cast<void*>(raw(address_of(memory->first)));  // NOLINT: where it was
  auto mapping = Mapping::create(memory->pages(), at);
  if (!mapping) return tl::unexpected(mapping.error());
  auto sets = Sets::create(mapping->pages());
  if (!sets) return tl::unexpected(sets.error());
  auto state = sync::share_new<ArenaState>(std::move(joint), std::move(*mapping), std::move(*sets));
  if (auto watched = state->watch_late(from, options); !watched) {
    return tl::unexpected(watched.error());
  }
  state->assume_turn();  // no other thread knows it yet
  if (auto right = state->check_memory("its making"); !right) return tl::unexpected(right.error());
  if (auto admitted = state->joint_->admit_restored(*state, options.payload); !admitted) {
    return tl::unexpected(admitted.error());
  }
  return state;
}

Result<ArenaPin> ArenaState::pin(const void* at, ByteCount bytes, PinAccess access, PinTerm term) {
  if (auto pinned = joint_->pin(*this, at, bytes, access, term); !pinned) {
    return tl::unexpected(pinned.error());
  }
  const std::ptrdiff_t offset = static_cast<const std::byte*>(at) - mapping().native();
  return ArenaPin(std::static_pointer_cast<ArenaState>(shared_from_this()),
                  {mapping().alias(0) + offset, bytes.value}, access, term);
}

void ArenaState::unpin(std::span<std::byte> bytes, PinAccess access, PinTerm term) noexcept {
  const auto run = pages_of(mapping().native() + (bytes.data() - mapping().alias(0)), bytes.size());
  joint_->unpin(*this, *run, access, term);
}

}  // namespace cleave::detail
