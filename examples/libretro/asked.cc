#include "examples/libretro/asked.h"

#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "examples/libretro/emulators.h"
#include "examples/libretro/folder.h"
#include "examples/libretro/measure.h"

namespace cleave::example {
namespace {

constexpr int kNotHere = 77;

/// False: a frame was wrong.
bool answer_one(const std::string& what, Machine& machine, int frames, std::FILE* answers) {
  Figures now{};
  if (what == "commits") {
    measure_replay(machine, frames, now);
    if (now.wrong != 0) return false;
    (void)std::fprintf(answers, "%f %f\n", now.undo, now.commit + now.aftermath);
  } else {
    measure_state(machine, now);
    (void)std::fprintf(answers, "%f %f\n", now.save, now.load);
  }
  (void)std::fflush(answers);
  return true;
}

}  // namespace

int answer(const std::string& package, const std::filesystem::path& cores, int frames) {
  const Emulator* const emulator = find_emulator(package);
  if (emulator == nullptr || !std::filesystem::exists(cores / emulator->library)) return kNotHere;
  const Folder folder;
  std::FILE* const answers = fdopen(dup(STDOUT_FILENO), "w");
  if (answers == nullptr || std::freopen("/dev/null", "w", stdout) == nullptr) return 1;
  Machine machine(Covered::heap_and_segments, cores / emulator->library, emulator->cartridge(),
                  folder.path(), emulator->file);
  for (int i = 0; i < kWarmUp; ++i) machine.core().play();
  (void)std::fprintf(answers, "ready\n");
  (void)std::fflush(answers);
  for (std::string what; std::cin >> what;) {
    if (!answer_one(what, machine, frames, answers)) return 1;
  }
  folder.remove();
  _exit(0);  // no core is unloaded: those that have threads and files would not like it
}

}  // namespace cleave::example
