#include "tests/support/seccomp.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cleave::detail {
namespace {

using Filter = std::vector<sock_filter>;

/// Goes past `skipped` instructions behind it unless the word at `offset` of the call is `value`.
void require(Filter& filter, std::size_t offset, std::uint32_t value, std::size_t skipped) {
  filter.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
  filter.push_back(
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, static_cast<std::uint8_t>(skipped)));
}

void add(Filter& filter, const Denied& denied) {
  std::size_t left = 1;  // instructions behind the look at the number
  for (const auto& argument : denied.arguments) left += argument ? 4 : 0;
  require(filter, offsetof(seccomp_data, nr), static_cast<std::uint32_t>(denied.call), left);
  for (std::size_t i = 0; i < denied.arguments.size(); ++i) {
    if (!denied.arguments[i]) continue;
    const std::size_t at = offsetof(seccomp_data, args) + i * sizeof(std::uint64_t);
    constexpr std::size_t kHigh = sizeof(std::uint32_t);  // both processors are little-endian
    require(filter, at, static_cast<std::uint32_t>(*denied.arguments[i]), left -= 2);
    require(filter, at + kHigh, static_cast<std::uint32_t>(*denied.arguments[i] >> 32), left -= 2);
  }
  filter.push_back(
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(denied.error)));
}

}  // namespace

// Numbers are compared without a look at the architecture: this is no protection, it only plays the
// part of a kernel without the call.
bool deny(std::span<const Denied> calls) noexcept {
  Filter filter;
  for (const Denied& denied : calls) add(filter, denied);
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

}  // namespace cleave::detail
