// Equal pages become one: Pool::merge() beside the kernel's KSM, on the same pages.

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include <cleave/backing/compressed.h>
#include <cleave/must.h>
#include <cleave/space.h>

#include "bench/backing/benchmarks.h"
#include "bench/backing/database.h"
#include "measure/clock.h"
#include "measure/system.h"

namespace cleave::bench {
namespace {

using namespace cleave::literals;

constexpr Address kAt{0x100000};

struct Merged {
  double ns = 0;  // of processor time
  std::uint64_t pages = 0;
};

// As many copies of a database as fit, each changed in one page of fifty, as programs are that
// began with one database. Or each page with a number of its own.
template <class Each>
void each_page(Database& database, std::uint64_t pages, bool equal, Each each) {
  const std::span<std::byte> from = database.bytes();
  std::array<std::byte, kPageSize> page;
  for (std::uint64_t i = 0; i < pages; ++i) {
    std::memcpy(page.data(), from.data() + i * kPageSize % from.size(), kPageSize);
    if (!equal || i % 50 == 0) std::memcpy(page.data() + 512, &i, sizeof i);
    each(i, std::span<const std::byte>(page));
  }
}

// Two rounds: in the first each page is new.
Merged merge_in_a_pool(Database& database, std::uint64_t pages, bool equal) {
  Pool pool = must(Pool::create((pages + 1024) * kPageSize, must(compressed({.bytes = 1_MiB}))));
  Space space = must(Space::create(pool));
  must(space.map_at(kAt, pages * kPageSize));
  each_page(database, pages, equal, [&](std::uint64_t i, std::span<const std::byte> page) {
    must(space.write(kAt + i * kPageSize, page));
  });
  Merged done;
  done.ns = measure::processor_nanoseconds_for([&] {
    (void)must(pool.merge((pages + 1024) * kPageSize));
    (void)must(pool.merge((pages + 1024) * kPageSize));
  });
  done.pages = pool.statistics().merged;
  return done;
}

/// The kernel's thread, set to do nothing else; as it was, at the end.
class Ksm {
 public:
  static std::optional<Ksm> start() {
    const auto thread = find();
    if (!thread || geteuid() != 0 || read("run") != 0) return std::nullopt;
    return Ksm(*thread);
  }
  Ksm(Ksm&& other) noexcept : thread_(std::exchange(other.thread_, 0)), before_(other.before_) {}
  Ksm& operator=(Ksm&&) = delete;
  ~Ksm() {
    if (thread_ == 0) return;
    write("run", 2);  // what was merged is apart again, and it stops
    write("run", 0);
    write("pages_to_scan", before_.pages);
    write("sleep_millisecs", before_.sleep);
  }
  /// Processor time of so many rounds over all that was given to it.
  double rounds(std::uint64_t count) {
    const double begin = processor_ns();
    const std::uint64_t until = read("full_scans") + count;
    write("run", 1);
    while (read("full_scans") < until) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return processor_ns() - begin;
  }
  static std::uint64_t saved() { return read("pages_sharing"); }

 private:
  struct Before {
    std::uint64_t pages, sleep;
  };
  explicit Ksm(int thread)
      : thread_(thread), before_{read("pages_to_scan"), read("sleep_millisecs")} {
    write("pages_to_scan", 100'000);
    write("sleep_millisecs", 0);
  }
  static std::optional<int> find() {
    for (const auto& process : std::filesystem::directory_iterator("/proc")) {
      std::string name;
      std::ifstream(process.path() / "comm") >> name;
      if (name == "ksmd") return std::stoi(process.path().filename());
    }
    return std::nullopt;
  }
  static std::string path(const char* what) { return std::string("/sys/kernel/mm/ksm/") + what; }
  static std::uint64_t read(const char* what) {
    std::uint64_t value = 0;
    std::ifstream(path(what)) >> value;
    return value;
  }
  static void write(const char* what, std::uint64_t value) { std::ofstream(path(what)) << value; }
  [[nodiscard]] double processor_ns() const {
    std::ifstream file(fmt::format("/proc/{}/schedstat", thread_));
    double ns = 0;
    file >> ns;
    return ns;
  }

  int thread_;
  Before before_;
};

std::optional<Merged> merge_by_ksm(Database& database, std::uint64_t pages, bool equal) {
  auto ksm = Ksm::start();
  if (!ksm) return std::nullopt;
  const std::size_t size = pages * kPageSize;
  void* const memory =
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  measure::must_hold(memory != MAP_FAILED, "no memory");
  (void)madvise(memory, size, MADV_NOHUGEPAGE);
  auto* const bytes = static_cast<std::byte*>(memory);
  each_page(database, pages, equal, [&](std::uint64_t i, std::span<const std::byte> page) {
    std::memcpy(bytes + i * kPageSize, page.data(), kPageSize);
  });
  measure::must_hold(madvise(memory, size, MADV_MERGEABLE) == 0, "MADV_MERGEABLE is refused");
  Merged done;
  done.ns = ksm->rounds(2);
  done.pages = Ksm::saved();
  (void)munmap(memory, size);
  return done;
}

Row merge_row(const char* name, const Settings& settings, bool equal) {
  const std::uint64_t pages = (settings.quick ? 64_MiB : 1_GiB).value / kPageSize;
  Database database((settings.quick ? 8_MiB : 64_MiB).value);
  Row row{.name = name, .unit = "ns", .baseline = "KSM, two rounds"};
  Merged last, theirs;
  for (int run = 0; run < std::min(settings.runs(), 3); ++run) {
    last = merge_in_a_pool(database, pages, equal);
    row.ours.add(last.ns / static_cast<double>(pages));
    const auto ksm = merge_by_ksm(database, pages, equal);
    if (!ksm) continue;
    theirs = *ksm;
    row.theirs.add(theirs.ns / static_cast<double>(pages));
  }
  row.details["pages"] = pages;
  row.details["saved"] = last.pages;
  if (row.theirs.empty()) {
    fmt::print(stderr, "{}: no KSM here to compare with: it needs root, and is to be off\n", name);
    row.baseline.clear();
    return row;
  }
  row.details["saved_by_ksm"] = theirs.pages;
  row.goals.push_back({"5 times", row.ratio() >= 5});
  if (equal) row.goals.push_back({"as many pages saved", last.pages >= theirs.pages});
  return row;
}

}  // namespace

std::vector<Benchmark> merge_benchmarks() {
  return {{"merge", "equal pages of databases become one, processor time a page",
           [](const Settings& settings) -> std::vector<Row> {
             return {merge_row("merge/equal", settings, true),
                     merge_row("merge/different", settings, false)};
           }}};
}

}  // namespace cleave::bench
