// Lazy images, for C. A cleave_image_store is an ImageStore, as a cleave_backing is a Backing: the
// handle is the object itself.
#include <cstddef>
#include <cstring>
#include <memory>
#include <stop_token>
#include <utility>
#include <variant>

#include <cleave/image/c.h>
#include <cleave/image/lazy.h>

#include "base/fail.h"
#include "capi/arena_options.h"
#include "capi/handles.h"
#include "capi/report.h"
#include "sync/allocator.h"

using namespace cleave;
using namespace cleave::detail;

struct cleave_lazy_images {
  LazyImages images;
};

struct cleave_lazy {
  std::variant<LazyCheckout, LazyArena> value;
  std::stop_source stop = {};
};

namespace {

constexpr const char* kNoMemory = "out of memory for a handle of lazy images";

template <class Handle>
Handle* handle(Result<std::unique_ptr<Handle>> made, cleave_error* error) {
  if (!made) {
    (void)c::report(made.error(), error);
    return nullptr;
  }
  c::set_ok(error);
  return made->release();
}

// What was made, and could not be handed over for want of memory, ends.
template <class Handle, class Make>
Handle* handle_of(Make make, cleave_error* error) {
  return handle(sync::or_no_memory(kNoMemory,
                                   [&]() -> Result<std::unique_ptr<Handle>> {
                                     auto made = make();
                                     if (!made) return tl::unexpected(made.error());
                                     return std::make_unique<Handle>(Handle{std::move(*made)});
                                   }),
                error);
}

cleave_code give_count(Result<std::uint64_t> count, std::uint64_t* into, cleave_error* error) {
  if (!count) return c::report(count.error(), error);
  if (into != nullptr) *into = *count;
  c::set_ok(error);
  return CLEAVE_OK;
}

ImageId id_of(const cleave_image_id& id) {
  ImageId made;
  std::memcpy(made.bytes.data(), id.bytes, sizeof id.bytes);
  return made;
}

// What the options give away, whatever else of them is refused. Where their size cannot be
// believed, that is nothing.
std::unique_ptr<Backing> next_of(const cleave_lazy_images_options* given) {
  constexpr std::size_t kEnd = offsetof(cleave_lazy_images_options, pages);  // where it ends
  if (given == nullptr || !c::is_size_of_a_structure(given->size) || given->size < kEnd) return {};
  return std::unique_ptr<Backing>(reinterpret_cast<Backing*>(given->next));
}

Result<LazyOptions> options_of(const cleave_lazy_images_options* given,
                               std::unique_ptr<Backing> next) {
  const auto known = c::known_part(given);
  if (!known) return tl::unexpected(known.error());
  LazyOptions options;
  options.next = std::move(next);
  if ((known->flags & ~std::uint32_t{CLEAVE_LAZY_NO_LEASE}) != 0) {
    return fail(Errc::bad_argument, "the options have a flag that this library does not know");
  }
  options.memory = known->memory;
  if (known->pages != 0) options.pages = known->pages;
  options.lease = known->flags == 0;
  return options;
}

Result<LazyArenaOptions> options_of(const cleave_lazy_arena_options* given) {
  LazyArenaOptions options;
  if (given == nullptr) return options;
  const auto known = c::known_part(given);
  if (!known) return tl::unexpected(known.error());
  const auto arena = c::options_of(known->arena);
  if (!arena) return tl::unexpected(arena.error());
  options.arena = *arena;
  if (known->patience != 0) options.patience = c::milliseconds(known->patience);
  return options;
}

// Of a space or an arena, which answer the same calls.
template <class Call>
auto of_either(cleave_lazy& lazy, Call call) {
  return std::visit([&](auto& value) { return call(value); }, lazy.value);
}

}  // namespace

cleave_image_store* cleave_directory_store_open(const char* path, cleave_error* error) {
  if (const char* null = c::null_among(path)) return c::refuse_handle(null, error);
  auto store = sync::or_no_memory(kNoMemory, [&] { return directory_store(path); });
  if (!store) {
    (void)c::report(store.error(), error);
    return nullptr;
  }
  c::set_ok(error);
  return reinterpret_cast<cleave_image_store*>(store->release());
}

void cleave_image_store_release(cleave_image_store* store) {
  const std::unique_ptr<ImageStore> ended(reinterpret_cast<ImageStore*>(store));
}

cleave_lazy_images* cleave_lazy_images_open(cleave_image_store* store,
                                            const cleave_lazy_images_options* options,
                                            cleave_error* error) {
  std::unique_ptr<ImageStore> taken(reinterpret_cast<ImageStore*>(store));
  std::unique_ptr<Backing> next = next_of(options);
  if (const char* null = c::null_among(store, options)) return c::refuse_handle(null, error);
  return handle_of<cleave_lazy_images>(
      [&] {
        return options_of(options, std::move(next)).and_then([&](LazyOptions known) {
          return LazyImages::open(std::move(taken), std::move(known));
        });
      },
      error);
}

void cleave_lazy_images_release(cleave_lazy_images* images) { delete images; }

cleave_code cleave_lazy_images_resolve(cleave_lazy_images* images, const char* text,
                                       cleave_image_id* id, cleave_error* error) {
  if (const char* null = c::null_among(images, text, id)) return c::refuse(null, error);
  const auto found = images->images.resolve(text);
  if (!found) return c::report(found.error(), error);
  std::memcpy(id->bytes, found->bytes.data(), sizeof id->bytes);
  c::set_ok(error);
  return CLEAVE_OK;
}

cleave_lazy* cleave_lazy_checkout(cleave_lazy_images* images, const cleave_image_id* commit,
                                  cleave_error* error) {
  if (const char* null = c::null_among(images, commit)) return c::refuse_handle(null, error);
  return handle_of<cleave_lazy>([&] { return images->images.checkout(id_of(*commit)); }, error);
}

cleave_lazy* cleave_lazy_checkout_arena(cleave_lazy_images* images, const cleave_image_id* commit,
                                        const cleave_lazy_arena_options* options,
                                        cleave_error* error) {
  if (const char* null = c::null_among(images, commit)) return c::refuse_handle(null, error);
  return handle_of<cleave_lazy>(
      [&] {
        return options_of(options).and_then([&](const LazyArenaOptions& known) {
          return images->images.checkout_arena(id_of(*commit), known);
        });
      },
      error);
}

// A handle of the core's is a structure of what it stands for, and no more.
static_assert(sizeof(cleave_space) == sizeof(Space) && sizeof(cleave_arena) == sizeof(Arena));

cleave_space* cleave_lazy_space(cleave_lazy* lazy) {
  auto* const checkout = lazy == nullptr ? nullptr : std::get_if<LazyCheckout>(&lazy->value);
  return checkout == nullptr ? nullptr : reinterpret_cast<cleave_space*>(&checkout->space());
}

cleave_arena* cleave_lazy_arena(cleave_lazy* lazy) {
  auto* const checkout = lazy == nullptr ? nullptr : std::get_if<LazyArena>(&lazy->value);
  return checkout == nullptr ? nullptr : reinterpret_cast<cleave_arena*>(&checkout->arena());
}

cleave_address cleave_lazy_root(const cleave_lazy* lazy) {
  if (lazy == nullptr) return 0;
  return std::visit([](const auto& value) { return value.record().root_object; }, lazy->value);
}

cleave_code cleave_lazy_recall(cleave_lazy* lazy, uint64_t* came, cleave_error* error) {
  if (const char* null = c::null_among(lazy)) return c::refuse(null, error);
  return give_count(of_either(*lazy, [](auto& value) { return value.recall(); }), came, error);
}

cleave_code cleave_lazy_remember(cleave_lazy* lazy, uint64_t* touched, cleave_error* error) {
  if (const char* null = c::null_among(lazy)) return c::refuse(null, error);
  return give_count(of_either(*lazy, [](auto& value) { return value.remember(); }), touched, error);
}

cleave_code cleave_lazy_complete(cleave_lazy* lazy, uint64_t* came, cleave_error* error) {
  if (const char* null = c::null_among(lazy)) return c::refuse(null, error);
  const auto complete = [&](auto& value) { return value.complete(lazy->stop.get_token()); };
  return give_count(of_either(*lazy, complete), came, error);
}

void cleave_lazy_stop(cleave_lazy* lazy) {
  if (lazy != nullptr) lazy->stop.request_stop();
}

void cleave_lazy_progress(const cleave_lazy* lazy, uint64_t* pages, uint64_t* had) {
  LazyProgress now;
  if (lazy != nullptr) {
    now = std::visit([](const auto& value) { return value.progress(); }, lazy->value);
  }
  if (pages != nullptr) *pages = now.pages;
  if (had != nullptr) *had = now.had;
}

void cleave_lazy_release(cleave_lazy* lazy) { delete lazy; }
