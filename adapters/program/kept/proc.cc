#include "adapters/program/kept/proc.h"

#include <unistd.h>

#include <climits>
#include <utility>

#include "adapters/program/kernel/text_of.h"
#include "adapters/program/own/descriptors.h"
#include "adapters/program/own/open_descriptors.h"

namespace cleave::program {
namespace {

std::string link_of(int number) {
  const std::string path = "/proc/self/fd/" + std::to_string(number);
  std::string to(PATH_MAX, '\0');
  const ssize_t length = readlink(path.c_str(), to.data(), to.size());
  to.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  return to;
}

tl::unexpected<std::string> not_known(const char* file) {
  return tl::unexpected(std::string(file) +
                        " cannot be read, so that it is not known what would not go back; is "
                        "/proc mounted, and is a descriptor left under RLIMIT_NOFILE?");
}

}  // namespace

tl::expected<Proc, std::string> Proc::read() {
  auto status = text_of("/proc/self/status");
  if (!status) return not_known("/proc/self/status");
  auto maps = kernel_maps();
  if (!maps) return not_known("/proc/self/maps");
  const auto numbers = open_descriptors();
  if (!numbers) return not_known("/proc/self/fd");
  Proc made{std::move(*status), std::move(*maps), {}};
  for (const int number : *numbers) {
    if (!is_own_descriptor(number)) made.open.push_back({number, link_of(number)});
  }
  return made;
}

}  // namespace cleave::program
