// Tells libFuzzer where the code went. It belongs to Clang and asks for counters as Clang keeps
// them; GCC calls a function in each block instead, which the linker turns into the one below
// (--wrap). (The project is built with GCC throughout: Clang 14 does not compile the laboratory.)
#include <array>
#include <cstddef>
#include <cstdint>

extern "C" void __sanitizer_cov_8bit_counters_init(std::uint8_t* begin, std::uint8_t* end);

namespace {

// A counter for each block, but for collisions. One thread runs at a time.
std::array<std::uint8_t, std::size_t{1} << 16> counters;

[[maybe_unused]] const bool known = [] {
  __sanitizer_cov_8bit_counters_init(counters.data(), counters.data() + counters.size());
  return true;
}();

}  // namespace

// CMake has this file compiled without such calls, or this one would call itself.
extern "C" void __wrap___sanitizer_cov_trace_pc() {
  const auto from = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0));
  ++counters[(from ^ from >> 16) % counters.size()];
}
// Comparisons of floating numbers, of which libFuzzer makes nothing.
extern "C" void __sanitizer_cov_trace_cmpf(float /*a*/, float /*b*/) {}
extern "C" void __sanitizer_cov_trace_cmpd(double /*a*/, double /*b*/) {}
