// Emulators from Debian's packages, unmodified, that go back in time: each frame is a commit; eight
// frames are gone back, played again, and compared in picture and sound; first with what the core
// allocates, then with its variables too. Beside it, what the core's own save state costs.
//
//     libretro [--frames N] [--cores FOLDER]
//     libretro --asked PACKAGE [--cores FOLDER]   # measures one, as the standard input asks
//
// Cores that are not installed are left out, and the line says which package has one. Ends with 77
// where there is none.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

#include "examples/libretro/asked.h"
#include "examples/libretro/emulators.h"
#include "examples/libretro/folder.h"
#include "examples/libretro/measure.h"
#include "examples/libretro/report.h"

namespace {

using namespace cleave::example;

struct Settings {
  int frames = 600;
  std::filesystem::path cores = CLEAVE_CORES;
  std::string asked;  // the package
};

// In a process of its own: a core whose state went back by half may crash, and cores that have
// threads and files would not like to be unloaded.
bool measure(const Emulator& emulator, const Settings& settings, Covered covered,
             Figures& figures) {
  const Folder folder;
  (void)std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    if (std::freopen("/dev/null", "w", stdout) == nullptr) _exit(1);  // cores talk
    Machine machine(covered, settings.cores / emulator.library, emulator.cartridge(), folder.path(),
                    emulator.file);
    for (int i = 0; i < kWarmUp; ++i) machine.core().play();
    measure_replay(machine, settings.frames, figures);
    if (covered == Covered::heap_and_segments) {
      measure_run_ahead(machine, figures);
      measure_state(machine, figures);
    }
    _exit(0);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && status == 0;
}

Figures* shared_figures() {
  void* const at =
      mmap(nullptr, 2 * sizeof(Figures), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) std::abort();
  return static_cast<Figures*>(at);
}

bool try_emulator(const Emulator& emulator, const Settings& settings) {
  Figures* const figures = shared_figures();
  const bool heap_well = measure(emulator, settings, Covered::heap, figures[0]);
  const bool all_well = measure(emulator, settings, Covered::heap_and_segments, figures[1]);
  if (!all_well) {
    std::printf("%s: did not end well\n", emulator.package);
    return false;
  }
  report(emulator.package, figures[0], heap_well, figures[1]);
  const bool half_is_wrong = !heap_well || figures[0].wrong > 0;
  const bool lives =
      figures[1].pictures > figures[1].frames / 2 && figures[1].sounds > figures[1].frames / 2;
  const bool right = figures[1].wrong == 0 && lives && half_is_wrong == emulator.needs_segments;
  (void)munmap(figures, 2 * sizeof(Figures));
  return right;
}

Settings settings_of(int count, char** words) {
  Settings settings;
  for (int i = 1; i + 1 < count; i += 2) {
    if (std::strcmp(words[i], "--frames") == 0) settings.frames = std::atoi(words[i + 1]);
    if (std::strcmp(words[i], "--cores") == 0) settings.cores = words[i + 1];
    if (std::strcmp(words[i], "--asked") == 0) settings.asked = words[i + 1];
  }
  return settings;
}

}  // namespace

int main(int count, char** words) {
  constexpr int kNoneIsHere = 77;
  const Settings settings = settings_of(count, words);
  if (!settings.asked.empty()) return answer(settings.asked, settings.cores, settings.frames);
  int tried = 0;
  bool right = true;
  for (const Emulator& emulator : kEmulators) {
    if (!std::filesystem::exists(settings.cores / emulator.library)) {
      std::printf("%s is not installed: no %s in %s\n", emulator.package, emulator.library,
                  settings.cores.c_str());
      continue;
    }
    ++tried;
    right = try_emulator(emulator, settings) && right;
  }
  if (tried == 0) return kNoneIsHere;
  return right ? 0 : 1;
}
