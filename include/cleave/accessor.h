// An accessor: to a space what a processor is to a process's memory.
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

#include <cleave/detail/accessor_hit.h>
#include <cleave/detail/config.h>
#include <cleave/detail/word.h>
#include <cleave/error.h>
#include <cleave/pin.h>
#include <cleave/units.h>

namespace cleave {

using detail::sync::IntegerWord;  ///< a Word that can be added to
using detail::sync::Word;  ///< what can be one machine word: 1, 2, 4 or 8 bytes, trivially copyable

namespace detail {
struct AccessorState;
struct HandleAccess;

/// What `use` gives at a place in memory, as a Result.
template <class Byte, class Use>
using Used = Result<std::invoke_result_t<Use&, Byte*>>;

template <class Byte, class Use>
inline Used<Byte, Use> used(Use& use, Byte* at) {
  if constexpr (std::is_void_v<std::invoke_result_t<Use&, Byte*>>) {
    use(at);
    return {};
  } else {
    return use(at);
  }
}
}  // namespace detail

/// One thread's handle for the contents of a space. It remembers translations, so that a hit costs
/// a nanosecond or two over a raw access: no lock, no fence, no system call. Belongs to the thread
/// that made it: use and destroy it there. Any number of accessors, of any threads, on any spaces.
/// Keeps its space alive. Movable; a moved-from accessor can be destroyed and assigned to, and any
/// other use stops the program.
///
/// Values of 1, 2, 4 or 8 bytes on their natural alignment are loaded and stored in one piece:
/// loads acquire, stores release, read-modify-writes are sequentially consistent, among all
/// accessors of the space.
class CLEAVE_API Accessor {
 public:
  /// Takes over what `other` is.
  Accessor(Accessor&& other) noexcept;
  /// Lets go of what this was, and takes over what `other` is.
  Accessor& operator=(Accessor&& other) noexcept;
  ~Accessor();

  /// The value at `from`. Off its natural alignment it is read byte by byte. Errors: not_mapped,
  /// not_permitted, bad_argument (beyond 2^48).
  template <Word T>
  Result<T> load(Address from);
  /// Errors: as load(), and no_memory; nothing is stored then, unless the value is misaligned and
  /// lies across two pages, of which the first may have been written.
  template <Word T>
  Result<void> store(Address to, T value);

  /// Adds, and gives what was there. Errors: bad_argument (misaligned), not_mapped, not_permitted,
  /// no_memory.
  template <IntegerWord T>
  Result<T> fetch_add(Address at, T delta);
  /// Stores `desired` if `expected` is there; gives what was there. Errors: as fetch_add().
  template <Word T>
  Result<T> compare_exchange(Address at, T expected, T desired);

  /// As Space::pin, without the lock for pages that the space owns and may write to.
  [[nodiscard]] Result<Pin> pin(Address at, ByteCount bytes, PinAccess access,
                                PinTerm term = PinTerm::short_term);

  /// As Space::read.
  Result<void> read(Address from, std::span<std::byte> into);
  /// As Space::write.
  Result<void> write(Address to, std::span<const std::byte> from);

 private:
  friend struct detail::HandleAccess;
  explicit Accessor(detail::AccessorHit* state) noexcept : state_(state) {}

  // What `use` gives where it may read, or write, `bytes` bytes from `at` on, inside one page: from
  // what is remembered, which is all that is inline in the caller's code.
  template <class Use>
  detail::Used<const std::byte, Use> reading(Address at, std::size_t bytes, Use use);
  template <class Use>
  detail::Used<std::byte, Use> writing(Address at, std::size_t bytes, Use use);
  // Else by a walk through the table, else with the space's lock, so that no storm of forks can
  // keep a writer from getting anywhere. The first goes on in the reading section that it is in.
  template <class Use>
  CLEAVE_HIDDEN detail::Used<const std::byte, Use> reading_by_walk(Address at, std::size_t bytes,
                                                                   Use use);
  template <class Use>
  CLEAVE_HIDDEN detail::Used<std::byte, Use> writing_by_walk(Address at, std::size_t bytes,
                                                             Use use);
  // Off the natural alignment.
  template <Word T>
  CLEAVE_HIDDEN Result<T> load_bytes(Address from);
  template <Word T>
  CLEAVE_HIDDEN Result<void> store_bytes(Address to, T value);

  [[nodiscard]] CLEAVE_HIDDEN detail::AccessorState& state() const;
  // Misses. The first is called inside a reading section; the second enters a writing one if it
  // finds the page. nullptr: take the lock.
  [[nodiscard]] const std::byte* walk_for_reading(PageNo page);
  [[nodiscard]] std::byte* walk_for_writing(PageNo page);
  // Take the space's lock, and keep it unless the result is an error.
  Result<const std::byte*> lock_readable(Address at, std::size_t bytes);
  Result<std::byte*> lock_writable(Address at, std::size_t bytes);
  void unlock();

  static tl::unexpected<Error> misaligned(Address at) {
    return tl::unexpected(
        Error{Errc::bad_argument, "an atomic operation needs a naturally aligned address", at, 0});
  }
  template <class T>
  static bool is_aligned(Address at) {
    return raw(at) % sizeof(T) == 0;
  }

  detail::AccessorHit* state_;  // never null: a moved-from accessor has one that remembers nothing
};

template <class Use>
inline detail::Used<const std::byte, Use> Accessor::reading(Address at, std::size_t bytes,
                                                            Use use) {
  detail::AccessorHit& s = *state_;
  s.section.enter_reading();
  const std::byte* base = s.readable(raw(page_of(at)));
  if (base == nullptr) [[unlikely]]
    return reading_by_walk(at, bytes, use);
  auto result = detail::used(use, base + offset_in_page(at));
  s.section.leave();
  return result;
}

template <class Use>
[[gnu::noinline]] detail::Used<const std::byte, Use> Accessor::reading_by_walk(Address at,
                                                                               std::size_t bytes,
                                                                               Use use) {
  if (const std::byte* base = walk_for_reading(page_of(at))) {
    auto result = detail::used(use, base + offset_in_page(at));
    state_->section.leave();
    return result;
  }
  state_->section.leave();
  const auto where = lock_readable(at, bytes);
  if (!where) return tl::unexpected(where.error());
  auto result = detail::used(use, *where);
  unlock();
  return result;
}

template <class Use>
inline detail::Used<std::byte, Use> Accessor::writing(Address at, std::size_t bytes, Use use) {
  detail::AccessorHit& s = *state_;
  s.section.enter_writing();
  std::byte* base = s.writable(raw(page_of(at)));
  if (base == nullptr) [[unlikely]] {
    s.section.leave();
    return writing_by_walk(at, bytes, use);
  }
  auto result = detail::used(use, base + offset_in_page(at));
  s.section.leave();
  return result;
}

template <class Use>
[[gnu::noinline]] detail::Used<std::byte, Use> Accessor::writing_by_walk(Address at,
                                                                         std::size_t bytes,
                                                                         Use use) {
  if (std::byte* base = walk_for_writing(page_of(at))) {
    auto result = detail::used(use, base + offset_in_page(at));
    state_->section.leave();
    return result;
  }
  const auto where = lock_writable(at, bytes);
  if (!where) return tl::unexpected(where.error());
  auto result = detail::used(use, *where);
  unlock();
  return result;
}

template <Word T>
inline Result<T> Accessor::load(Address from) {
  if (!is_aligned<T>(from)) [[unlikely]]
    return load_bytes<T>(from);
  return reading(from, sizeof(T),
                 [](const std::byte* at) { return detail::sync::load_word<T>(at); });
}

template <Word T>
[[gnu::noinline]] Result<T> Accessor::load_bytes(Address from) {
  T value{};
  const auto done = read(from, std::as_writable_bytes(std::span(&value, 1)));
  if (!done) return tl::unexpected(done.error());
  return value;
}

template <Word T>
inline Result<void> Accessor::store(Address to, T value) {
  if (!is_aligned<T>(to)) [[unlikely]]
    return store_bytes(to, value);
  return writing(to, sizeof(T), [value](std::byte* at) { detail::sync::store_word<T>(at, value); });
}

template <Word T>
[[gnu::noinline]] Result<void> Accessor::store_bytes(Address to, T value) {
  return write(to, std::as_bytes(std::span(&value, 1)));
}

template <IntegerWord T>
inline Result<T> Accessor::fetch_add(Address at, T delta) {
  if (!is_aligned<T>(at)) return misaligned(at);
  return writing(at, sizeof(T), [delta](std::byte* where) {
    return detail::sync::fetch_add_word<T>(where, delta);
  });
}

template <Word T>
inline Result<T> Accessor::compare_exchange(Address at, T expected, T desired) {
  if (!is_aligned<T>(at)) return misaligned(at);
  return writing(at, sizeof(T), [expected, desired](std::byte* where) {
    return detail::sync::compare_exchange_word<T>(where, expected, desired);
  });
}

}  // namespace cleave
