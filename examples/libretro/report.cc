#include "examples/libretro/report.h"

#include <algorithm>
#include <cstdio>

namespace cleave::example {
namespace {

void draw(const char* what, double microseconds, double most) {
  constexpr double kColumns = 40;
  std::printf("  %-34s %9.0f us  %.*s\n", what, microseconds,
              static_cast<int>(microseconds / most * kColumns + 0.5),
              "########################################");
}

void say_what_went_wrong(const Figures& heap_alone, bool heap_alone_well, const Figures& all) {
  if (heap_alone_well) {
    std::printf("  wrong frames, the heap alone goes back: %d of %d\n", heap_alone.wrong,
                heap_alone.frames);
  } else {
    std::printf("  wrong frames, the heap alone goes back: it crashed\n");
  }
  std::printf("  wrong frames, with its variables:       %d of %d\n", all.wrong, all.frames);
}

}  // namespace

void report(const char* package, const Figures& heap_alone, bool heap_alone_well,
            const Figures& all) {
  std::printf("%s: a frame takes %.0f us, writes %.0f pages; its save state is %zu KiB\n", package,
              all.frame, all.pages, all.state_size >> 10);
  std::printf("  of %d frames, %d pictures and %d sounds were other than the one before\n",
              all.frames, all.pictures, all.sounds);
  say_what_went_wrong(heap_alone, heap_alone_well, all);
  const double most = std::max({all.commit + all.aftermath, all.save, all.load});
  draw("commit, and the next frame's faults", all.commit + all.aftermath, most);
  draw("save state", all.save, most);
  draw("back a frame", all.undo, most);
  draw("back eight frames", all.back, most);
  draw("load state", all.load, most);
  std::printf("  a button is seen after %d frames; with %d run ahead, after %d\n", all.lag, kAhead,
              all.lag_ahead);
  const double most_ahead = std::max(all.ahead, all.ahead_by_state);
  draw("a frame run ahead, by commits", all.ahead, most_ahead);
  draw("a frame run ahead, by save states", all.ahead_by_state, most_ahead);
}

}  // namespace cleave::example
