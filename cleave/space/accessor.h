// An accessor: to a space what a processor is to a process's memory.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "cleave/base/error.h"
#include "cleave/base/units.h"
#include "cleave/space/audience.h"
#include "cleave/space/pin.h"
#include "cleave/sync/word.h"

namespace cleave {

class PinBuilder;
struct SpaceState;

/// One thread's handle for the contents of a space. It remembers translations, so that a hit costs a
/// nanosecond or two over a raw access: no lock, no fence, no system call. Belongs to the thread that
/// made it: use and destroy it there. Any number of accessors, of any threads, on any spaces. Keeps its
/// space alive.
///
/// Values of 1, 2, 4 or 8 bytes on their natural alignment are loaded and stored in one piece: loads
/// acquire, stores release, read-modify-writes are sequentially consistent, among all accessors of the
/// space.
class Accessor {
 public:
  Accessor(Accessor&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  Accessor& operator=(Accessor&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~Accessor();

  /// The value at `from`. Off its natural alignment it is read byte by byte. Errors: not_mapped,
  /// not_permitted, bad_argument (beyond 2^48).
  template <sync::Word T>
  Result<T> load(Address from);
  /// Errors: as load(), and no_memory; nothing is stored then, unless the value is misaligned and lies
  /// across two pages, of which the first may have been written.
  template <sync::Word T>
  Result<void> store(Address to, T value);

  /// Adds, and gives what was there. Errors: bad_argument (misaligned), not_mapped, not_permitted,
  /// no_memory.
  template <sync::IntegerWord T>
  Result<T> fetch_add(Address at, T delta);
  /// Stores `desired` if `expected` is there; gives what was there. Errors: as fetch_add().
  template <sync::Word T>
  Result<T> compare_exchange(Address at, T expected, T desired);

  /// As Space::pin, without the lock for pages that the space owns and may write to.
  [[nodiscard]] Result<Pin> pin(Address at, ByteCount bytes, PinAccess access,
                                PinTerm term = PinTerm::one_operation);

  /// As Space::read and Space::write.
  Result<void> read(Address from, std::span<std::byte> into);
  Result<void> write(Address to, std::span<const std::byte> from);

 private:
  friend class Space;

  struct Translation {
    PageNo page{~std::uint64_t{0}};
    std::uint64_t stamp = 0;
    std::byte* base = nullptr;
  };
  static constexpr std::size_t kTranslations = sync::kExplored ? 2 : 128;
  using Translations = std::array<Translation, kTranslations>;

  // On the heap: the space knows it by its address.
  struct State {
    State(SpaceState& accessed, Audience& heard) : space(accessed), audience(heard) {}

    Member member;
    SpaceState& space;
    Audience& audience;
    std::uint64_t write_stamp = ~std::uint64_t{0};  // of the youngest write translation
    Translations reads;
    Translations writes;

    // Inside a reading section: a translation for `page`, from memory or from the table; or nullptr,
    // and the caller leaves and takes the lock.
    const std::byte* find_readable(PageNo page) {
      const Translation& t = reads[raw(page) % kTranslations];
      if (t.page == page && t.stamp == audience.stamps.read_for(page).load(sync::acquire))
          [[likely]] {
        return t.base;
      }
      return walk_for_reading(page);
    }
    const std::byte* walk_for_reading(PageNo page);

    // Inside a writing section: what is remembered of `page`, if it holds; else nullptr.
    std::byte* remembered_writable(PageNo page) {
      const Translation& t = writes[raw(page) % kTranslations];
      // seq_cst: the stamp must be read after the store that entered; see sync/section.h.
      const bool holds = t.page == page && t.stamp == audience.stamps.write.load(sync::seq_cst);
      return holds ? t.base : nullptr;
    }
    // Enters a writing section; nullptr: not entered, take the lock.
    std::byte* enter_writable(PageNo page) {
      member.section.enter_writing();
      if (std::byte* base = remembered_writable(page)) [[likely]]
        return base;
      member.section.leave();
      return walk_for_writing(page);
    }
    std::byte* walk_for_writing(PageNo page);

    // Copies as many bytes as lie in one piece of memory, in one section. 0: none, take the lock.
    std::size_t read_run(Address from, std::span<std::byte> into);
    std::size_t write_run(Address to, std::span<const std::byte> from);

    // Pins what it can of the next pages in one writing section. False: nothing, take the lock.
    bool pin_without_lock(PinBuilder& builder);

    // Adopts `stamp` for write translations and enters a writing section under it. False: it has changed.
    bool enter_under(std::uint64_t stamp);

    // The slow way, for `bytes` bytes inside one page: takes the space's lock, and keeps it unless the
    // result is an error.
    Result<const std::byte*> lock_readable(Address at, std::size_t bytes);
    Result<std::byte*> lock_writable(Address at, std::size_t bytes);
    void unlock();
  };

  explicit Accessor(State* state) : state_(state) {}

  template <class Use>
  Result<void> reading(Address at, std::size_t bytes, Use use);
  template <class Use>
  Result<void> writing(Address at, std::size_t bytes, Use use);

  static tl::unexpected<Error> misaligned(Address at) {
    return fail(Errc::bad_argument, "an atomic operation needs a naturally aligned address", at);
  }
  template <class T>
  static bool is_aligned(Address at) {
    return raw(at) % sizeof(T) == 0;
  }

  State* state_;
};

/// Runs `use(where)` with `bytes` bytes from `at` on, inside one page, that may be read.
template <class Use>
inline Result<void> Accessor::reading(Address at, std::size_t bytes, Use use) {
  State& s = *state_;
  s.member.section.enter_reading();
  if (const std::byte* base = s.find_readable(page_of(at))) [[likely]] {
    use(base + offset_in_page(at));
    s.member.section.leave();
    return {};
  }
  s.member.section.leave();
  const auto where = s.lock_readable(at, bytes);
  if (!where) return tl::unexpected(where.error());
  use(*where);
  s.unlock();
  return {};
}

/// Runs `use(where)` with `bytes` bytes from `at` on, inside one page, that may be written. The slow way runs it under the lock: no
/// storm of forks can keep a writer from getting anywhere.
template <class Use>
inline Result<void> Accessor::writing(Address at, std::size_t bytes, Use use) {
  State& s = *state_;
  if (std::byte* base = s.enter_writable(page_of(at))) [[likely]] {
    use(base + offset_in_page(at));
    s.member.section.leave();
    return {};
  }
  const auto where = s.lock_writable(at, bytes);
  if (!where) return tl::unexpected(where.error());
  use(*where);
  s.unlock();
  return {};
}

template <sync::Word T>
inline Result<T> Accessor::load(Address from) {
  T value{};
  const Result<void> done =
      is_aligned<T>(from)
          ? reading(from, sizeof(T), [&](const std::byte* at) { value = sync::load_word<T>(at); })
          : read(from, std::as_writable_bytes(std::span(&value, 1)));
  if (!done) [[unlikely]]
    return tl::unexpected(done.error());
  return value;
}

template <sync::Word T>
inline Result<void> Accessor::store(Address to, T value) {
  if (!is_aligned<T>(to)) [[unlikely]]
    return write(to, std::as_bytes(std::span(&value, 1)));
  return writing(to, sizeof(T), [&](std::byte* at) { sync::store_word<T>(at, value); });
}

template <sync::IntegerWord T>
inline Result<T> Accessor::fetch_add(Address at, T delta) {
  if (!is_aligned<T>(at)) return misaligned(at);
  T before{};
  const auto done = writing(
      at, sizeof(T), [&](std::byte* where) { before = sync::fetch_add_word<T>(where, delta); });
  if (!done) [[unlikely]]
    return tl::unexpected(done.error());
  return before;
}

template <sync::Word T>
inline Result<T> Accessor::compare_exchange(Address at, T expected, T desired) {
  if (!is_aligned<T>(at)) return misaligned(at);
  T seen{};
  const auto done = writing(at, sizeof(T), [&](std::byte* where) {
    seen = sync::compare_exchange_word<T>(where, expected, desired);
  });
  if (!done) [[unlikely]]
    return tl::unexpected(done.error());
  return seen;
}

}  // namespace cleave
