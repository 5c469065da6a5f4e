#include "lab/kernel/system/system.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "lab/kernel/process/memory_calls.h"
#include "lab/kernel/system/capabilities.h"

namespace lab::kernel {
namespace {

constexpr const char* kKsm = "/sys/kernel/mm/ksm/";
constexpr const char* kHugePages = "/proc/sys/vm/nr_hugepages";
constexpr const char* kMoreHugePages = "/proc/sys/vm/nr_overcommit_hugepages";
constexpr std::size_t kSwapBytes = std::size_t{64} << 20;

std::optional<std::string> setting(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

// The header that swapon() looks for, in the first page: version, last page, a name, and a mark at
// its end.
constexpr std::size_t kHeader = 1024;
constexpr std::size_t kName = kHeader + 3 * sizeof(std::uint32_t) + 16;
constexpr std::string_view kOurs = "cleave-lab";

bool write_swap_header(int file) {
  std::array<char, kSmallPage> page{};
  const std::array<std::uint32_t, 3> head{1, kSwapBytes / kSmallPage - 1, 0};
  std::memcpy(page.data() + kHeader, head.data(), sizeof head);
  std::memcpy(page.data() + kName, kOurs.data(), kOurs.size());
  constexpr std::string_view kMark = "SWAPSPACE2";
  std::memcpy(page.data() + page.size() - kMark.size(), kMark.data(), kMark.size());
  return pwrite(file, page.data(), page.size(), 0) == static_cast<ssize_t>(page.size());
}

// A file that a run made, and a crash of the machine left: the journal went with it. Swap is on
// nothing after a crash.
bool is_left_over(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  struct stat what {};
  std::array<char, kOurs.size()> name{};
  const bool ours =
      file >= 0 && fstat(file, &what) == 0 && S_ISREG(what.st_mode) && what.st_uid == geteuid() &&
      what.st_size == static_cast<off_t>(kSwapBytes) &&
      pread(file, name.data(), name.size(), kName) == static_cast<ssize_t>(name.size()) &&
      std::string_view(name.data(), name.size()) == kOurs;
  if (file >= 0) close(file);
  return ours;
}

// An error, or nothing.
std::optional<std::string> turn_swap_on(const std::string& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return fmt::format("{}: {}", path, std::strerror(errno));
  const bool made =
      posix_fallocate(file, 0, kSwapBytes) == 0 && write_swap_header(file) && fsync(file) == 0;
  close(file);
  std::string error;
  if (!made)
    error = fmt::format("{}: no room for a swap file", path);
  else if (!swap_on(path))
    error = fmt::format("swapon {}: {}", path, std::strerror(errno));
  if (error.empty()) return std::nullopt;
  unlink(path.c_str());
  return error;
}

}  // namespace

tl::expected<System, std::string> System::open(const std::string& folder) {
  auto journal = Journal::open(folder);
  if (!journal) return tl::unexpected(journal.error());
  return System(folder, std::move(*journal));
}

tl::expected<void, std::string> System::prepare(CompiledTest& compiled) {
  if (compiled.requirements.swap)
    if (auto made = make_swap(compiled); !made) return made;
  if (compiled.requirements.group)
    if (auto made = make_group(compiled); !made) return made;
  if (compiled.requirements.ksm)
    if (auto made = set_ksm(); !made) return made;
  if (compiled.requirements.hugetlb) return reserve(compiled.requirements.huge_pages);
  return {};
}

std::vector<std::string> System::put_back() {
  before_.clear();
  noted_.clear();
  swap_file_.clear();
  group_.clear();
  return journal_.put_back();
}

tl::expected<void, std::string> System::note(const std::string& path, const std::string& value) {
  if (!before_.contains(path)) {
    const auto before = setting(path);
    if (!before) return tl::unexpected(fmt::format("cannot read {}", path));
    before_[path] = *before;
  }
  if (noted_.contains({path, value})) return {};
  auto noted = journal_.note({Journal::Kind::setting, path, before_[path], value});
  if (noted) noted_.insert({path, value});
  return noted;
}

tl::expected<void, std::string> System::set(const std::string& path, const std::string& value) {
  if (auto noted = note(path, value); !noted) return noted;
  std::ofstream file(path);
  file << value << std::flush;
  const bool written = !file.fail();
  // The kernel may take less than was asked for.
  if (const auto now = setting(path); now && *now != before_[path])
    if (auto noted = note(path, *now); !noted) return noted;
  if (!written) return tl::unexpected(fmt::format("cannot write \"{}\" to {}", value, path));
  return {};
}

// Not every file system takes swap files.
tl::expected<void, std::string> System::make_swap(CompiledTest& compiled) {
  std::string why = no_swap_;
  for (const char* folder : {"/var/tmp", "/tmp", "."}) {
    if (!swap_file_.empty() || !no_swap_.empty()) break;
    std::array<char, 4096> here{};
    const std::string at =
        std::string_view(folder) == "." && getcwd(here.data(), here.size()) ? here.data() : folder;
    const std::string path = at + "/cleave-lab.swap";
    struct stat there {};
    if (lstat(path.c_str(), &there) == 0 && !(is_left_over(path) && unlink(path.c_str()) == 0)) {
      why = fmt::format("{} is there already", path);
      continue;
    }
    if (auto noted = journal_.note({Journal::Kind::swap_file, path, ""}); !noted) return noted;
    if (auto error = turn_swap_on(path))
      why = *error;
    else
      swap_file_ = path;
  }
  if (swap_file_.empty()) return tl::unexpected("no swap: " + (no_swap_ = why));
  compiled.swap_file = swap_file_;
  return {};
}

tl::expected<void, std::string> System::make_group(CompiledTest& compiled) {
  if (group_.empty()) {
    const MemoryGroups groups = memory_groups();
    const std::string path = groups.folder + "/cleave-lab";
    if (auto noted = journal_.note({Journal::Kind::folder, path, ""}); !noted) return noted;
    if (mkdir(path.c_str(), 0755) != 0 && errno != EEXIST)
      return tl::unexpected(fmt::format("mkdir {}: {}", path, std::strerror(errno)));
    // Reclaim comes by anonymous pages even where the system would rather not swap.
    std::ofstream(path + "/memory.swappiness") << "100" << std::flush;
    reclaim_ = path + "/" + groups.reclaim;
    if (access(reclaim_.c_str(), W_OK) != 0)
      return tl::unexpected(fmt::format("{}: {}", reclaim_, std::strerror(errno)));
    group_ = path;
  }
  compiled.group = group_;
  compiled.reclaim = reclaim_;
  return {};
}

// It does not run but for moments, and then fast: see merge_pages(). It only looks at pages that
// ask for it.
tl::expected<void, std::string> System::set_ksm() {
  const std::pair<const char*, const char*> settings[] = {
      {"run", "0"}, {"pages_to_scan", "500"}, {"sleep_millisecs", "0"}, {"smart_scan", "0"}};
  for (const auto& [name, value] : settings) {
    const std::string path = std::string(kKsm) + name;
    if (access(path.c_str(), F_OK) != 0) continue;  // Older kernels have fewer.
    if (auto done = set(path, value); !done) return done;
  }
  return note(std::string(kKsm) + "run", "1");
}

// As many as the test needs are free then, or more: see hold_huge_pages(). The pool must not grow
// by itself.
tl::expected<void, std::string> System::reserve(std::uint32_t huge_pages) {
  if (access(kMoreHugePages, F_OK) == 0)
    if (auto done = set(kMoreHugePages, "0"); !done) return done;
  if (auto done = set(kHugePages, before(kHugePages)); !done) return done;
  const std::uint64_t missing = huge_pages - std::min<std::uint64_t>(huge_pages, free_huge_pages());
  const std::string want =
      fmt::format("{}", std::strtoull(before(kHugePages).c_str(), nullptr, 10) + missing);
  if (auto done = set(kHugePages, want); !done) return done;
  if (setting(kHugePages) != want)
    return tl::unexpected(fmt::format("{} huge pages are not to be had", huge_pages));
  return {};
}

std::string System::before(const std::string& path) const {
  const auto known = before_.find(path);
  return known != before_.end() ? known->second : setting(path).value_or("");
}

}  // namespace lab::kernel
