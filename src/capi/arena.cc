// Arenas and ways of tracking, for C.
#include <csignal>

#include <cleave/fault_signal.h>
#include <cleave/program/writable_segments.h>

#include "base/fail.h"
#include "capi/arena_options.h"
#include "capi/handles.h"

using namespace cleave;
using namespace cleave::detail;

namespace {

std::string_view text_or_nothing(const char* text) {
  return text == nullptr ? std::string_view() : std::string_view(text);
}

Result<RestoreOptions> restore_options(const cleave_arena_options* arena,
                                       const cleave_restore_options* how) {
  const auto known = c::options_of(arena);
  if (!known) return tl::unexpected(known.error());
  RestoreOptions options{.arena = *known};
  if (how == nullptr) return options;
  const auto given = c::known_part(how);
  if (!given) return tl::unexpected(given.error());
  if (const char* null = c::null_memory(given->payload, given->payload_size)) {
    return fail(Errc::bad_argument, null);
  }
  if (given->name != nullptr) options.name = given->name;
  options.payload = c::bytes(given->payload, given->payload_size);
  if (given->patience != 0) options.patience = c::milliseconds(given->patience);
  return options;
}

// For functions that take a visitor of runs of the arena's memory.
auto visitor(cleave_visit_bytes visit, void* context) {
  return
      [visit, context](std::span<const std::byte> run) { visit(context, run.data(), run.size()); };
}

}  // namespace

const char* cleave_tracking_name(cleave_tracking tracking) {
  return c::is_tracking(tracking) ? name(static_cast<Tracking>(tracking)) : nullptr;
}

cleave_code cleave_tracking_named(const char* name, cleave_tracking* tracking,
                                  cleave_error* error) {
  if (const char* null = c::null_among(name, tracking)) return c::refuse(null, error);
  const auto named = tracking_named(name);
  if (!named) return c::refuse("there is no way of tracking of that name", error);
  *tracking = static_cast<cleave_tracking>(*named);
  c::set_ok(error);
  return CLEAVE_OK;
}

cleave_code cleave_try_tracking(cleave_tracking tracking, cleave_error* error) {
  if (!c::is_tracking(tracking)) return c::refuse("there is no such way of tracking", error);
  return c::report(try_tracking(static_cast<Tracking>(tracking)), error);
}

cleave_arena* cleave_arena_create(cleave_pool* pool, uint64_t bytes,
                                  const cleave_arena_options* options, cleave_error* error) {
  if (const char* null = c::null_among(pool)) return c::refuse_handle(null, error);
  return c::handle_of<cleave_arena>(
      [&] {
        return c::options_of(options).and_then(
            [&](const ArenaOptions& known) { return Arena::create(pool->pool, bytes, known); });
      },
      error);
}

cleave_arena* cleave_arena_take_over(cleave_pool* pool, void* memory, size_t bytes,
                                     const cleave_arena_options* options, cleave_error* error) {
  if (const char* null = c::null_among(pool, memory)) return c::refuse_handle(null, error);
  return c::handle_of<cleave_arena>(
      [&] {
        return c::options_of(options).and_then([&](const ArenaOptions& known) {
          return Arena::take_over(pool->pool, c::bytes(memory, bytes), known);
        });
      },
      error);
}

cleave_arena* cleave_arena_restore(const cleave_snapshot* from, const cleave_arena_options* options,
                                   const cleave_restore_options* how, cleave_error* error) {
  if (const char* null = c::null_among(from)) return c::refuse_handle(null, error);
  return c::handle_of<cleave_arena>(
      [&] {
        return restore_options(options, how).and_then([&](const RestoreOptions& known) {
          return Arena::restore(from->snapshot, known);
        });
      },
      error);
}

cleave_code cleave_arena_fetch(cleave_arena* arena, const void* at, size_t bytes, uint64_t* came,
                               cleave_error* error) {
  if (const char* null = c::null_among(arena)) return c::refuse(null, error);
  const auto fetched = arena->arena.fetch(at, bytes);
  if (!fetched) return c::report(fetched.error(), error);
  if (came != nullptr) *came = *fetched;
  c::set_ok(error);
  return CLEAVE_OK;
}

uint64_t cleave_arena_missing(const cleave_arena* arena) {
  return arena == nullptr ? 0 : arena->arena.missing();
}

cleave_code cleave_writable_segments(void* library, cleave_visit_segment visit, void* context,
                                     cleave_error* error) {
  if (const char* null = c::null_among(visit)) return c::refuse(null, error);
  const auto visited = writable_segments(library, [&](std::span<std::byte> segment) {
    visit(context, segment.data(), segment.size());
  });
  return c::report(visited, error);
}

void cleave_arena_release(cleave_arena* arena) { sync::destroy(arena); }

void* cleave_arena_data(const cleave_arena* arena) {
  if (arena == nullptr) return nullptr;
  return arena->arena.data();
}

uint64_t cleave_arena_size(const cleave_arena* arena) {
  if (arena == nullptr) return 0;
  return arena->arena.size().value;
}

cleave_commit* cleave_arena_commit(cleave_arena* arena, const char* name, cleave_error* error) {
  if (const char* null = c::null_among(arena)) return c::refuse_handle(null, error);
  return c::handle_of<cleave_commit>([&] { return arena->arena.commit(text_or_nothing(name)); },
                                     error);
}

cleave_commit* cleave_arena_commit_with(cleave_arena* arena, const char* name, const void* payload,
                                        size_t size, cleave_error* error) {
  if (const char* null = c::null_among(arena)) return c::refuse_handle(null, error);
  if (const char* null = c::null_memory(payload, size)) return c::refuse_handle(null, error);
  const std::span bytes(static_cast<const std::byte*>(payload), size);
  return c::handle_of<cleave_commit>(
      [&] { return arena->arena.commit(text_or_nothing(name), bytes); }, error);
}

cleave_code cleave_arena_checkout(cleave_arena* arena, const cleave_commit* commit,
                                  cleave_error* error) {
  if (const char* null = c::null_among(arena, commit)) return c::refuse(null, error);
  return c::report(arena->arena.checkout(commit->commit), error);
}

cleave_code cleave_arena_revert(cleave_arena* arena, cleave_error* error) {
  if (const char* null = c::null_among(arena)) return c::refuse(null, error);
  return c::report(arena->arena.revert(), error);
}

cleave_commit* cleave_arena_head(const cleave_arena* arena, cleave_error* error) {
  if (const char* null = c::null_among(arena)) return c::refuse_handle(null, error);
  return c::handle<cleave_commit>(error, arena->arena.head());
}

cleave_commit* cleave_arena_find(const cleave_arena* arena, const char* name, cleave_error* error) {
  if (const char* null = c::null_among(arena)) return c::refuse_handle(null, error);
  auto found = arena->arena.find(text_or_nothing(name));
  if (found) return c::handle<cleave_commit>(error, std::move(*found));
  c::set_ok(error);
  return nullptr;
}

int cleave_arena_forget(cleave_arena* arena, const char* name) {
  if (arena == nullptr) return 0;
  return arena->arena.forget(text_or_nothing(name)) ? 1 : 0;
}

cleave_code cleave_arena_for_each_commit(const cleave_arena* arena, cleave_visit_commit visit,
                                         void* context, cleave_error* error) {
  if (const char* null = c::null_among(arena, visit)) return c::refuse(null, error);
  auto visited = arena->arena.for_each_commit([&](const Commit& commit, unsigned depth) {
    const cleave_commit lent{commit};
    visit(context, &lent, depth);
  });
  return c::report(visited, error);
}

cleave_code cleave_arena_changes(cleave_arena* arena, cleave_visit_bytes visit, void* context,
                                 cleave_error* error) {
  if (const char* null = c::null_among(arena, visit)) return c::refuse(null, error);
  return c::report(arena->arena.changes(visitor(visit, context)), error);
}

cleave_code cleave_arena_diff(const cleave_arena* arena, const cleave_commit* a,
                              const cleave_commit* b, cleave_visit_bytes visit, void* context,
                              cleave_error* error) {
  if (const char* null = c::null_among(arena, a, b, visit)) return c::refuse(null, error);
  return c::report(arena->arena.diff(a->commit, b->commit, visitor(visit, context)), error);
}

void cleave_arena_mark_dirty(cleave_arena* arena, const void* at, size_t bytes) {
  if (arena == nullptr) return;
  arena->arena.mark_dirty(at, bytes);
}

void cleave_arena_mark_pages_dirty(cleave_arena* arena, const void* first, const uint64_t* bitmap,
                                   size_t words) {
  if (arena == nullptr || bitmap == nullptr) return;
  arena->arena.mark_dirty(first, std::span(bitmap, words));
}

void* cleave_arena_device_view(const cleave_arena* arena) {
  if (arena == nullptr) return nullptr;
  return arena->arena.device_view().data();
}

cleave_hold* cleave_arena_hold(cleave_arena* arena, const void* at, size_t bytes,
                               cleave_error* error) {
  if (const char* null = c::null_among(arena)) return c::refuse_handle(null, error);
  return c::handle_of<cleave_hold>([&] { return arena->arena.hold(at, bytes); }, error);
}

cleave_code cleave_arena_get_statistics(const cleave_arena* arena, cleave_arena_statistics* into,
                                        cleave_error* error) {
  if (const char* null = c::null_among(arena, into)) return c::refuse(null, error);
  const ArenaStatistics s = arena->arena.statistics();
  return c::give_figures<cleave_arena_statistics>(
      {.size = 0,
       .tracking = static_cast<cleave_tracking>(s.tracking),
       .commits = s.commits,
       .living = s.living,
       .recorded = s.recorded,
       .restored = s.restored,
       .short_pins = s.short_pins,
       .long_pins = s.long_pins},
      into, error);
}

size_t cleave_arena_tracking_reason(const cleave_arena* arena, char* into, size_t size) try {
  if (arena == nullptr) return c::give_text("", into, size);
  return c::give_text(arena->arena.tracking_reason(), into, size);
} catch (const std::bad_alloc&) {
  return c::give_text("", into, size);
}

int cleave_arena_fault(int signal, const void* siginfo, const void* context) {
  if (siginfo == nullptr) return 0;
  return arena_fault(signal, static_cast<const siginfo_t*>(siginfo), context) ? 1 : 0;
}
