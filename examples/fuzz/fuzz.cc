// A stateful target for fuzzing, Debian's SQLite with a prepared database, and what it costs to
// have each input find it as it was prepared: by an arena, by a child of fork(2), by a fork server
// as AFL++ has, by a fresh copy of the database.
//
//     fuzz [--times N]
//
// harness.cc is the same target for libFuzzer and AFL++ (docs/howto/fuzz.md).
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "examples/fuzz/ways.h"

namespace {

using namespace cleave::example;

struct Input {
  const char* name;
  std::string_view statements;
  bool is_long;
};
constexpr std::array kInputs{
    Input{"select one", "SELECT 1", false},
    Input{"insert a row", "INSERT INTO t (b, c) VALUES ('x', 5)", false},
    Input{"update 41 rows", "UPDATE t SET c = c + 1 WHERE a BETWEEN 100 AND 140", false},
    Input{"drop and create",
          "DROP TABLE u; CREATE TABLE w (q); INSERT INTO w SELECT b FROM t LIMIT 20", false},
    Input{"delete half", "DELETE FROM t WHERE a % 2 = 0", true},
};

struct WayKind {
  const char* name;
  std::unique_ptr<Way> (*make)();
};
constexpr std::array kWays{
    WayKind{"arena", by_arena},
    WayKind{"fork", by_fork},
    WayKind{"fork server", by_fork_server},
    WayKind{"fresh copy", by_copy},
};

/// What one way measured: medians in microseconds, and whether each input found the same.
struct Figures {
  std::array<double, kInputs.size()> microseconds;
  bool right;
};

double median(std::vector<double>& times) {
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

void measure(Way& way, unsigned times, Figures& figures) {
  const auto prepared = way.fingerprint();
  figures.right = true;
  for (std::size_t i = 0; i < kInputs.size(); ++i) {
    const unsigned rounds = kInputs[i].is_long ? std::max(times / 10, 3U) : times;
    std::vector<double> all;
    for (unsigned round = 0; round < rounds; ++round) {
      const auto start = std::chrono::steady_clock::now();
      const bool well = way.run(kInputs[i].statements);
      const std::chrono::duration<double, std::micro> took =
          std::chrono::steady_clock::now() - start;
      all.push_back(took.count());
      figures.right = figures.right && well;
    }
    figures.microseconds[i] = median(all);
    figures.right = figures.right && way.fingerprint() == prepared;
  }
}

// In a process of its own, since there is one SQLite in each.
bool measure_in_a_process(const WayKind& kind, unsigned times, Figures& figures) {
  (void)std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    const auto way = kind.make();
    measure(*way, times, figures);
    _exit(0);
  }
  int status = -1;
  return waitpid(child, &status, 0) == child && status == 0 && figures.right;
}

}  // namespace

int main(int count, char** words) {
  unsigned times = 300;
  if (count == 3 && std::strcmp(words[1], "--times") == 0) {
    times = static_cast<unsigned>(std::strtoul(words[2], nullptr, 10));
  }
  constexpr std::size_t kSize = sizeof(Figures) * kWays.size();
  void* const shared =
      mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return 1;
  auto* const figures = static_cast<Figures*>(shared);
  bool right = true;
  for (std::size_t i = 0; i < kWays.size(); ++i) {
    if (measure_in_a_process(kWays[i], times, figures[i])) continue;
    std::printf("%s: an input did not find what was prepared\n", kWays[i].name);
    right = false;
  }
  std::printf("%-18s", "us, and back");
  for (const WayKind& kind : kWays) std::printf("%13s", kind.name);
  std::printf("\n");
  for (std::size_t input = 0; input < kInputs.size(); ++input) {
    std::printf("%-18s", kInputs[input].name);
    for (std::size_t way = 0; way < kWays.size(); ++way) {
      std::printf("%13.1f", figures[way].microseconds[input]);
    }
    std::printf("\n");
  }
  return right ? 0 : 1;
}
