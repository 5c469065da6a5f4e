// A stateful target for fuzzing, Debian's SQLite with a prepared database, and what it costs to
// have each input find it as it was prepared: by an arena, by a child of fork(2), by a fork server
// like AFL++'s and by that one itself, by a fresh copy of the database.
//
//     fuzz [--times N]
//     fuzz --asked WAY     # one way; measures what the standard input asks for (measure.h)
//
// harness.cc is the same target for libFuzzer and AFL++ (docs/howto/fuzz.md).
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "examples/fuzz/measure.h"

namespace {

using namespace cleave::example;

struct Figures {
  std::array<double, kInputs.size()> microseconds;
  bool right;
  bool is_here;
};

void measure_all(const WayKind& kind, unsigned times, Figures& figures) {
  const auto way = kind.make();
  figures.is_here = way != nullptr;
  figures.right = true;
  for (std::size_t i = 0; figures.is_here && i < kInputs.size(); ++i) {
    const unsigned rounds = kInputs[i].is_long ? std::max(times / 10, 3U) : times;
    const Measured measured = measure(*way, kInputs[i], rounds);
    figures.microseconds[i] = measured.microseconds;
    figures.right = figures.right && measured.right;
  }
}

// In a process of its own, since there is one SQLite in each.
bool measure_in_a_process(const WayKind& kind, unsigned times, Figures& figures) {
  (void)std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    measure_all(kind, times, figures);
    _exit(0);
  }
  int status = -1;
  return waitpid(child, &status, 0) == child && status == 0 && figures.right;
}

void print_row(const char* name, const Figures* figures, std::size_t input) {
  std::printf("%-18s", name);
  for (std::size_t way = 0; way < kWays.size(); ++way) {
    if (figures[way].is_here) {
      std::printf("%13.1f", figures[way].microseconds[input]);
    } else {
      std::printf("%13s", "not here");
    }
  }
  std::printf("\n");
}

}  // namespace

int main(int count, char** words) {
  unsigned times = 300;
  if (count == 3 && std::strcmp(words[1], "--asked") == 0) return answer_by(words[2]);
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
    std::printf("%s: an input did not find what was prepared\n", kWays[i].name.data());
    right = false;
  }
  std::printf("%-18s", "us, and back");
  for (const WayKind& kind : kWays) std::printf("%13s", kind.name.data());
  std::printf("\n");
  for (std::size_t input = 0; input < kInputs.size(); ++input) {
    print_row(kInputs[input].name.data(), figures, input);
  }
  return right ? 0 : 1;
}
