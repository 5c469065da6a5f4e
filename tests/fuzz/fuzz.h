// What a fuzz target is: a function that takes any bytes and must not come to harm. libFuzzer calls it with bytes that
// it breeds; the tests call it with the seeds that are kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fuzz {

/// Stops the program where a promise is broken, in every build.
inline void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

/// Numbers from bytes, from first to last; zeroes when the bytes are used up.
class Bytes {
 public:
  explicit Bytes(std::span<const std::uint8_t> bytes) : left_(bytes) {}
  [[nodiscard]] bool at_end() const { return left_.empty(); }
  template <class T>
  T next() {
    T value{};
    const std::size_t n = left_.size() < sizeof(T) ? left_.size() : sizeof(T);
    if (n != 0) std::memcpy(&value, left_.data(), n);
    left_ = left_.subspan(n);
    return value;
  }

 private:
  std::span<const std::uint8_t> left_;
};

}  // namespace fuzz
