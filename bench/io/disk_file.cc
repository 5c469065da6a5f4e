#include "bench/io/disk_file.h"

#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "bench/space/touched.h"
#include "measure/system.h"

namespace cleave::bench {
namespace {

bool is_in_memory(const char* folder) {
  struct statfs found {};
  return statfs(folder, &found) != 0 || found.f_type == TMPFS_MAGIC || found.f_type == RAMFS_MAGIC;
}

template <class Try>
bool any_folder(Try attempt) {
  for (const char* folder :
       {static_cast<const char*>(std::getenv("TMPDIR")), "/var/tmp", "/tmp", "."}) {
    if (folder != nullptr && !is_in_memory(folder) && attempt(std::string(folder))) return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> folder_on_a_disk() {
  std::optional<std::string> found;
  (void)any_folder([&](std::string folder) {
    if (access(folder.c_str(), W_OK) == 0) found = std::move(folder);
    return found.has_value();
  });
  return found;
}

DiskFile::DiskFile(File file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
DiskFile::DiskFile(DiskFile&& other) noexcept
    : file_(std::move(other.file_)), path_(std::exchange(other.path_, {})) {}
DiskFile::~DiskFile() {
  if (!path_.empty()) (void)unlink(path_.c_str());
}

std::optional<DiskFile> DiskFile::make(ByteCount size) {
  std::optional<DiskFile> made;
  (void)any_folder([&](const std::string& folder) {
    std::string path = folder + "/cleave-bench.XXXXXX";
    const int descriptor = mkstemp(path.data());
    if (descriptor < 0) return false;
    DiskFile file{File(descriptor), std::move(path)};
    auto direct = open_file(file.path_.c_str(), OpenMode::update, PageCache::bypass);
    if (!direct || !direct->is_direct()) return false;
    file.file_ = std::move(*direct);
    file.fill(size);
    made.emplace(std::move(file));
    return true;
  });
  return made;
}

void DiskFile::fill(ByteCount size) const {
  constexpr std::uint64_t kPart = std::uint64_t{1} << 20;
  const TouchedHeap content(Extent{kPart});
  for (std::uint64_t at = 0; at < size.value; at += kPart) {
    measure::must_hold(pwrite(descriptor(), content.touched_page(0), kPart,
                              static_cast<off_t>(at)) == static_cast<ssize_t>(kPart),
                       "write(2) failed for the benchmark's file; is the disk full?");
  }
  measure::must_hold(fsync(descriptor()) == 0, "fsync(2) failed for the benchmark's file");
}

std::optional<double> by_fio(const DiskFile& file, const Fio& fio) {
  const bool is_reading = std::string_view(fio.what).find("read") != std::string_view::npos;
  const bool is_random = std::string_view(fio.what).starts_with("rand");
  const std::string command = fmt::format(
      "fio --name=cleave --filename='{}' --rw={} --bs={} --iodepth={} --{}={} --direct=1 "
      "--ioengine=io_uring --fixedbufs=1 --overwrite=1 --norandommap --output-format=json "
      "2>/dev/null",
      file.path(), fio.what, fio.block.value, fio.depth, is_random ? "io_size" : "size",
      fio.bytes.value);
  FILE* output = popen(command.c_str(), "r");
  if (output == nullptr) return std::nullopt;
  std::string said;
  char part[4096];
  for (std::size_t n; (n = fread(part, 1, sizeof part, output)) != 0;) said.append(part, n);
  if (pclose(output) != 0) return std::nullopt;
  // Some versions put notes in front.
  const auto start = said.find('{');
  const auto report =
      nlohmann::json::parse(start == std::string::npos ? "" : said.substr(start), nullptr, false);
  if (report.is_discarded()) return std::nullopt;
  return report.at("jobs").at(0).at(is_reading ? "read" : "write").at("bw_bytes").get<double>();
}

}  // namespace cleave::bench
