// The target for a fuzzer: libFuzzer's interface, which AFL++ has a driver for, too.
#include <cstddef>
#include <cstdint>

#include "examples/fuzz/arena_target.h"

// The target is made at the first input, which AFL++'s driver sends for this purpose, after the
// fork and before it counts what was reached.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static cleave::example::ArenaTarget target;
  (void)target.run({reinterpret_cast<const char*>(data), size});
  return 0;
}
