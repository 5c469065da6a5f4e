#include "image/leases.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>

#include "base/uncancelled.h"
#include "image/objects/packer.h"

namespace cleave::detail::image {
namespace {

constexpr std::string_view kReaders = "readers/";
constexpr std::string_view kTouched = "touched/";

// Where numbers of processes mean what they mean here; empty: that cannot be said.
std::string where_processes_are() {
  const Uncancelled here;
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  std::array<char, 64> name{};
  const ssize_t size = readlink("/proc/self/ns/pid", name.data(), name.size());
  std::string space;
  for (const char c :
       std::string_view(name.data(), size > 0 ? static_cast<std::size_t>(size) : 0)) {
    if (c >= '0' && c <= '9') space += c;
  }
  return boot.empty() || space.empty() ? std::string() : boot + "." + space;
}

}  // namespace

std::string name_of_lease() {
  std::string where = where_processes_are();
  if (where.empty()) where = "elsewhere.0";
  ImageId random;
  const auto bytes = random_bytes();
  std::ranges::copy(bytes, random.bytes.begin());
  return std::string(kReaders) + where + "." + std::to_string(getpid()) + "." +
         random.hex().substr(0, 2 * bytes.size());
}

bool is_lease_of_the_dead(std::string_view ref) {
  const std::string where = where_processes_are();
  const std::string here = std::string(kReaders) + where + ".";
  if (where.empty() || !ref.starts_with(here)) return false;
  ref.remove_prefix(here.size());
  pid_t process = 0;
  const auto [end, error] = std::from_chars(ref.data(), ref.data() + ref.size(), process);
  if (error != std::errc() || end == ref.data() + ref.size() || *end != '.' || process <= 0) {
    return false;
  }
  return kill(process, 0) != 0 && errno == ESRCH;
}

bool is_lease(std::string_view ref) { return ref.starts_with(kReaders); }

bool is_reserved(std::string_view ref) { return is_lease(ref) || ref.starts_with(kTouched); }

std::string name_of_touched(const ImageId& commit) { return std::string(kTouched) + commit.hex(); }

std::optional<ImageId> touched_of(std::string_view ref) {
  if (!ref.starts_with(kTouched)) return std::nullopt;
  return ImageId::parse(ref.substr(kTouched.size()));
}

}  // namespace cleave::detail::image
