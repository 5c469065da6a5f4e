#include "bench/backing/control_group.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "measure/system.h"

namespace cleave::bench {
namespace {

bool write_to(const std::string& file, const std::string& text) {
  std::ofstream into(file);
  into << text;
  into.close();
  return bool{into};
}

// The folder of a new group, and the name of its limit.
std::optional<std::string> make_group(ByteCount memory) {
  const std::string name = fmt::format("cleave-bench-{}", getpid());
  for (const auto& [above, limit] : {std::pair("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
                                     std::pair("/sys/fs/cgroup", "memory.max")}) {
    const std::string folder = fmt::format("{}/{}", above, name);
    if (mkdir(folder.c_str(), 0755) != 0) continue;
    if (write_to(fmt::format("{}/{}", folder, limit), std::to_string(memory.value))) return folder;
    (void)rmdir(folder.c_str());
  }
  return std::nullopt;
}

// What mkswap(8) writes: the number of pages, and a mark at the end of the first.
bool make_swap_file(const std::string& path, ByteCount size) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return false;
  std::vector<std::byte> chunk(1 << 20);  // a swap file must not have holes
  std::array<std::byte, kPageSize> head{};
  const std::array<std::uint32_t, 3> about{
      1, static_cast<std::uint32_t>(size.value / kPageSize - 1), 0};
  std::memcpy(head.data() + 1024, about.data(), sizeof about);
  std::memcpy(head.data() + kPageSize - 10, "SWAPSPACE2", 10);
  bool good = true;
  for (std::uint64_t at = 0; good && at < size.value; at += chunk.size())
    good = pwrite(file, chunk.data(), chunk.size(), static_cast<off_t>(at)) ==
           static_cast<ssize_t>(chunk.size());
  good = good && pwrite(file, head.data(), head.size(), 0) == static_cast<ssize_t>(head.size()) &&
         fsync(file) == 0;
  (void)close(file);
  return good;
}

}  // namespace

ControlGroup::ControlGroup(std::string group, std::string file)
    : group_(std::move(group)), file_(std::move(file)) {}

ControlGroup::ControlGroup(ControlGroup&& other) noexcept
    : group_(std::exchange(other.group_, {})), file_(std::exchange(other.file_, {})) {}

std::optional<ControlGroup> ControlGroup::make(ByteCount memory, ByteCount swap,
                                               const std::string& folder, std::string& why) {
  const std::string file = fmt::format("{}/cleave-bench-swap.{}", folder, getpid());
  if (!make_swap_file(file, swap) || swapon(file.c_str(), 0) != 0) {
    why = fmt::format("no swap file can be made in {}: {}", folder, std::strerror(errno));
    (void)unlink(file.c_str());
    return std::nullopt;
  }
  if (auto group = make_group(memory)) return ControlGroup(std::move(*group), file);
  why = "no memory control group can be made: that takes root, and the controller";
  (void)swapoff(file.c_str());
  (void)unlink(file.c_str());
  return std::nullopt;
}

ControlGroup::~ControlGroup() {
  if (group_.empty()) return;
  // A group is empty some time after its last process has ended.
  for (int tries = 0; rmdir(group_.c_str()) != 0 && errno == EBUSY && tries < 100; ++tries)
    (void)usleep(10'000);
  (void)swapoff(file_.c_str());
  (void)unlink(file_.c_str());
}

void ControlGroup::enter() const {
  measure::must_hold(write_to(group_ + "/cgroup.procs", std::to_string(getpid())),
                     "the control group takes no process");
}

}  // namespace cleave::bench
