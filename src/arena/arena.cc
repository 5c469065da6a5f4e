#include <utility>

#include <cleave/arena.h>

#include "arena/arena_state.h"
#include "base/check.h"
#include "base/fail.h"

namespace cleave {
using namespace detail;

const ArenaState* Arena::joined_by(const ArenaOptions& options) {
  return options.joins == nullptr ? nullptr : &options.joins->state();
}

Result<Arena> Arena::create(const Pool& pool, ByteCount size, ArenaOptions options) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << (kAddressBits - 2);
  if (size == 0) return fail(Errc::bad_argument, "the size is zero");
  if (size > kMost) return fail(Errc::bad_argument, "an arena is at most 64 TiB");
  const std::uint64_t pages = (size.value + kPageSize - 1) / kPageSize;
  auto state = ArenaState::make(
      pool, [&] { return Mapping::create(pages, options.at); }, options, joined_by(options));
  if (!state) return tl::unexpected(state.error());
  return Arena(std::move(*state));
}

Result<Arena> Arena::take_over(const Pool& pool, std::span<std::byte> memory,
                               ArenaOptions options) {
  if (options.at != nullptr && options.at != memory.data()) {
    return fail(Errc::bad_argument, "memory is taken over where it is: leave `at` out",
                Address{reinterpret_cast<std::uintptr_t>(options.at)});
  }
  auto state = ArenaState::make(
      pool, [&] { return Mapping::take_over(memory); }, options, joined_by(options));
  if (!state) return tl::unexpected(state.error());
  return Arena(std::move(*state));
}

Result<Arena> Arena::restore(const Snapshot& from, const RestoreOptions& options) {
  if (options.arena.joins != nullptr) {
    return fail(Errc::bad_argument, "an arena that is restored has a history of its own");
  }
  if (options.payload.size() > kMostPayload) {
    return fail(Errc::bad_argument, "a commit's payload is at most 64 KiB");
  }
  auto state = ArenaState::restore(from, options);
  if (!state) return tl::unexpected(state.error());
  return Arena(std::move(*state));
}

Arena::Arena(std::shared_ptr<ArenaState> state) : state_(std::move(state)) {}
Arena::Arena(Arena&& other) noexcept = default;
Arena& Arena::operator=(Arena&& other) noexcept = default;
Arena::~Arena() = default;

ArenaState& Arena::state() const {
  CLEAVE_CHECK(state_ != nullptr, "use of a moved-from Arena");
  return *state_;
}

std::byte* Arena::data() const { return state().mapping().native(); }
ByteCount Arena::size() const { return state().mapping().bytes(); }

bool Arena::contains(const void* address) const {
  return reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(data()) <
         size().value;
}

Result<Commit> Arena::commit(std::string_view name, std::span<const std::byte> payload) {
  return state().joint().commit(name, payload);
}
Result<void> Arena::checkout(const Commit& commit) { return state().joint().checkout(commit); }
Result<void> Arena::revert() { return state().joint().revert(); }
Commit Arena::head() const { return state().joint().head(); }

std::optional<Commit> Arena::find(std::string_view name) const {
  return state().joint().history().find(name);
}
bool Arena::forget(std::string_view name) { return state().joint().history().forget(name); }
Result<void> Arena::for_each_commit(function_ref<void(const Commit&, unsigned)> visit) const {
  return state().joint().history().for_each(visit);
}

Result<void> Arena::changes(function_ref<void(std::span<const std::byte>)> visit) {
  return state().joint().changes(visit);
}

Result<void> Arena::diff(const Commit& a, const Commit& b,
                         function_ref<void(std::span<const std::byte>)> visit) const {
  if (auto here = state().joint().check_here(); !here) return here;
  const History& history = state().joint().history();
  if (!history.has(a) || !history.has(b)) {
    return fail(Errc::bad_argument, "the commit belongs to another arena");
  }
  return cleave::diff(a.snapshot(), b.snapshot(), [&](PageRange differs) {
    const auto at = raw(address_of(differs.first));
    visit({reinterpret_cast<const std::byte*>(at), differs.pages() * kPageSize});
  });
}

void Arena::mark_dirty(const void* at, ByteCount bytes) noexcept { state().mark_dirty(at, bytes); }
void Arena::mark_dirty(const void* first, std::span<const std::uint64_t> bitmap) noexcept {
  state().mark_dirty(first, bitmap);
}

std::span<std::byte> Arena::device_view() const {
  const Mapping& mapping = state().mapping();
  return {mapping.alias(0), mapping.bytes()};
}

Result<std::uint64_t> Arena::fetch(const void* at, ByteCount bytes) {
  return state().fetch(at, bytes);
}
std::uint64_t Arena::missing() const { return state().missing(); }

Result<ArenaPin> Arena::pin(const void* at, ByteCount bytes, PinAccess access, PinTerm term) {
  return state().pin(at, bytes, access, term);
}
Result<Hold> Arena::hold(const void* at, ByteCount bytes) {
  return state().joint().hold(state(), at, bytes);
}

ArenaStatistics Arena::statistics() const { return state().joint().statistics(state()); }
std::string Arena::tracking_reason() const { return state().tracking_reason(); }

}  // namespace cleave
