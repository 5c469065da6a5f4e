#include "lab/kernel/system.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "lab/kernel/readiness.h"

namespace lab::kernel {
namespace {

constexpr const char* kKsm = "/sys/kernel/mm/ksm/";
constexpr const char* kHugePages = "/proc/sys/vm/nr_hugepages";
constexpr std::size_t kSwapBytes = std::size_t{64} << 20;

std::optional<std::string> first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

// The header that swapon() looks for, in the first page: version, last page, and a mark at its end.
bool write_swap_header(int file) {
  std::array<char, kSmallPage> page{};
  const std::array<std::uint32_t, 3> head{1, kSwapBytes / kSmallPage - 1, 0};
  std::memcpy(page.data() + 1024, head.data(), sizeof head);
  constexpr std::string_view kMark = "SWAPSPACE2";
  std::memcpy(page.data() + page.size() - kMark.size(), kMark.data(), kMark.size());
  return pwrite(file, page.data(), page.size(), 0) == static_cast<ssize_t>(page.size());
}

// An error, or nothing. What was made of the file stays: its path is in the journal.
std::optional<std::string> turn_swap_on(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return fmt::format("{}: {}", path, std::strerror(errno));
  const bool made =
      posix_fallocate(file, 0, kSwapBytes) == 0 && write_swap_header(file) && fsync(file) == 0;
  close(file);
  if (!made) return fmt::format("{}: no room for a swap file", path);
  if (swapon(path.c_str(), 0) != 0) return fmt::format("swapon {}: {}", path, std::strerror(errno));
  return std::nullopt;
}

}  // namespace

tl::expected<System, std::string> System::open(const std::string& folder) {
  auto journal = Journal::open(folder);
  if (!journal) return tl::unexpected(journal.error());
  return System(folder, std::move(*journal));
}

tl::expected<void, std::string> System::prepare(Play& play) {
  if (play.needs.swap)
    if (auto made = make_swap(play); !made) return made;
  if (play.needs.group)
    if (auto made = make_group(play); !made) return made;
  if (play.needs.ksm)
    if (auto made = set_ksm(); !made) return made;
  if (play.needs.hugetlb) return reserve(play.needs.huge_pages);
  return {};
}

std::vector<std::string> System::put_back() {
  changed_.clear();
  swap_file_.clear();
  group_.clear();
  huge_pages_before_.reset();
  return journal_.put_back();
}

tl::expected<void, std::string> System::set(const std::string& path, const std::string& value) {
  if (!changed_.contains(path)) {
    const auto before = first_line(path);
    if (!before) return tl::unexpected(fmt::format("cannot read {}", path));
    auto noted = journal_.note({Journal::Kind::setting, path, *before});
    if (!noted) return noted;
    changed_.insert(path);
  }
  std::ofstream file(path);
  file << value << std::flush;
  if (!file) return tl::unexpected(fmt::format("cannot write \"{}\" to {}", value, path));
  return {};
}

// Not every file system takes swap files.
tl::expected<void, std::string> System::make_swap(Play& play) {
  std::string why;
  for (const char* folder : {"/var/tmp", "/tmp", "."}) {
    if (!swap_file_.empty()) break;
    std::array<char, 4096> here{};
    const std::string at =
        std::string_view(folder) == "." && getcwd(here.data(), here.size()) ? here.data() : folder;
    const std::string path = at + "/cleave-lab.swap";
    struct stat there {};
    if (lstat(path.c_str(), &there) == 0) {
      why = fmt::format("{} is there already", path);
      continue;
    }
    if (auto noted = journal_.note({Journal::Kind::swap_file, path, ""}); !noted) return noted;
    if (auto error = turn_swap_on(path))
      why = *error;
    else
      swap_file_ = path;
  }
  if (swap_file_.empty()) return tl::unexpected("no swap: " + why);
  play.swap_file = swap_file_;
  return {};
}

tl::expected<void, std::string> System::make_group(Play& play) {
  if (group_.empty()) {
    const std::string path = memory_groups() + "/cleave-lab";
    if (auto noted = journal_.note({Journal::Kind::folder, path, ""}); !noted) return noted;
    if (mkdir(path.c_str(), 0755) != 0 && errno != EEXIST)
      return tl::unexpected(fmt::format("mkdir {}: {}", path, std::strerror(errno)));
    group_ = path;
  }
  play.group = group_;
  return {};
}

// It does not run but for moments, and then fast: see merge_pages(). It only looks at pages that ask for it.
tl::expected<void, std::string> System::set_ksm() {
  const std::pair<const char*, const char*> settings[] = {
      {"run", "0"}, {"pages_to_scan", "500"}, {"sleep_millisecs", "1"}, {"smart_scan", "0"}};
  for (const auto& [name, value] : settings) {
    const std::string path = std::string(kKsm) + name;
    if (access(path.c_str(), F_OK) != 0) continue;  // Older kernels have fewer.
    if (auto done = set(path, value); !done) return done;
  }
  return {};
}

tl::expected<void, std::string> System::reserve(std::uint32_t huge_pages) {
  if (!huge_pages_before_) {
    const auto before = first_line(kHugePages);
    if (!before) return tl::unexpected(fmt::format("cannot read {}", kHugePages));
    huge_pages_before_ = std::strtoull(before->c_str(), nullptr, 10);
  }
  const std::string want = fmt::format("{}", *huge_pages_before_ + huge_pages);
  if (auto done = set(kHugePages, want); !done) return done;
  if (first_line(kHugePages) != want)
    return tl::unexpected(fmt::format("{} huge pages are not to be had", huge_pages));
  return {};
}

}  // namespace lab::kernel
