// The memory of a backing: all that it will ever need, taken when it is made, because it is called
// when there is least.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include <cleave/error.h>
#include <cleave/units.h>

namespace cleave::detail::backing {

/// One mapping, handed out in parts. It belongs to the process that made it: a child of fork(2) has
/// none of it but a page that the kernel has wiped, which is how it knows
/// (docs/decisions/0011-children-of-fork.md).
class Reservation {
 public:
  Reservation() = default;
  /// Zeroes, of which none takes memory before it is touched. Errors: no_memory, unsupported.
  static Result<Reservation> make(std::uint64_t bytes);
  Reservation(Reservation&& other) noexcept
      : mapping_(std::exchange(other.mapping_, nullptr)),
        bytes_(std::exchange(other.bytes_, 0)),
        taken_(other.taken_) {}
  Reservation& operator=(Reservation&& other) noexcept {
    std::swap(mapping_, other.mapping_);
    std::swap(bytes_, other.bytes_);
    std::swap(taken_, other.taken_);
    return *this;
  }
  /// Nothing in a child of fork(2): the addresses may be another's by then.
  ~Reservation();

  /// Whether this is the process that made it. One load.
  [[nodiscard]] bool is_here() const noexcept { return mapping_ != nullptr && *mark() != 0; }

  /// How much of a reservation an array takes.
  template <class T>
  static constexpr std::uint64_t room_for(std::uint64_t count) {
    return (count * sizeof(T) + kPageSize - 1) / kPageSize * kPageSize;
  }
  /// The next part, on a page boundary. Precondition: there is room.
  template <class T>
  std::span<T> take(std::uint64_t count) noexcept {
    T* const first = reinterpret_cast<T*>(mapping_ + taken_);
    taken_ += room_for<T>(count);
    std::uninitialized_value_construct_n(first, kIsZeroes<T> ? 0 : count);
    return {first, count};
  }
  /// The same, with the memory behind it.
  template <class T>
  std::span<T> take_touched(std::uint64_t count) noexcept {
    const std::span<T> part = take<T>(count);
    touch(reinterpret_cast<std::byte*>(part.data()), room_for<T>(count));
    return part;
  }

 private:
  template <class T>
  static constexpr bool kIsZeroes = std::is_trivially_default_constructible_v<T>;

  /// Zero in a child: the first page is wiped at fork(2). Written once, before any other thread
  /// knows of it.
  [[nodiscard]] const volatile std::uint64_t* mark() const noexcept {
    return reinterpret_cast<const volatile std::uint64_t*>(mapping_);
  }
  static void touch(std::byte* from, std::uint64_t bytes) noexcept;

  std::byte* mapping_ = nullptr;
  std::uint64_t bytes_ = 0;
  std::uint64_t taken_ = kPageSize;  // the mark has the first page
};

/// What a child of fork(2) hears.
tl::unexpected<Error> backing_of_another_process() noexcept;

}  // namespace cleave::detail::backing
