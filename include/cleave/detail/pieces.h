// Bytes of consecutive pages as pieces of memory: what readv, io_uring and their like take.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <cleave/detail/config.h>

namespace cleave::detail {

/// A growing list of iovecs in which neighbours in memory become one. One piece needs no
/// allocation.
class Pieces {
 public:
  Pieces() = default;
  Pieces(Pieces&& other) noexcept
      : one_(other.one_),
        many_(std::exchange(other.many_, nullptr)),
        count_(std::exchange(other.count_, 0)),
        room_(std::exchange(other.room_, 1)),
        bytes_(std::exchange(other.bytes_, 0)) {}
  Pieces& operator=(Pieces other) noexcept {
    std::swap(one_, other.one_);
    std::swap(many_, other.many_);
    std::swap(count_, other.count_);
    std::swap(room_, other.room_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Pieces() {
    if (many_ != nullptr) [[unlikely]]
      deallocate();
  }

  /// Has room for `more` pieces beyond those there are. False: no memory, nothing has changed.
  [[nodiscard]] bool reserve(std::size_t more) noexcept {
    return count_ + more <= room_ || grow(count_ + more);
  }

  /// Precondition: reserve() has made room. No allocation, no system call.
  void add(std::byte* data, std::size_t bytes) noexcept {
    bytes_ += bytes;
    if (count_ != 0) {
      iovec& last = first()[count_ - 1];
      if (static_cast<std::byte*>(last.iov_base) + last.iov_len == data) {
        last.iov_len += bytes;
        return;
      }
    }
    first()[count_++] = {data, bytes};
  }

  void clear() noexcept {
    count_ = 0;
    bytes_ = 0;
  }

  [[nodiscard]] std::span<const iovec> list() const noexcept {
    return {many_ != nullptr ? many_ : &one_, count_};
  }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  iovec* first() noexcept { return many_ != nullptr ? many_ : &one_; }
  bool grow(std::size_t room) noexcept;
  void deallocate() noexcept;

  iovec one_{};
  iovec* many_ = nullptr;  // the engine's allocation
  std::size_t count_ = 0;
  std::size_t room_ = 1;
  std::uint64_t bytes_ = 0;
};

}  // namespace cleave::detail
