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

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <string>

#include "examples/libretro/measure.h"

namespace {

using namespace cleave::example;

struct Kind {
  const char* package;
  const char* library;
  Cartridge (*cartridge)();
  const char* file;
  bool needs_segments;  // its state lies in its variables, too
};
constexpr std::array kKinds{
    Kind{"libretro-gambatte", "gambatte_libretro.so", gameboy_cartridge, "test.gb", false},
    Kind{"libretro-nestopia", "nestopia_libretro.so", nes_cartridge, "test.nes", false},
    Kind{"libretro-mgba", "mgba_libretro.so", gameboy_cartridge, "test.gb", false},
    Kind{"libretro-desmume", "desmume_libretro.so", ds_cartridge, "test.nds", true},
};

struct Settings {
  int frames = 600;
  std::filesystem::path cores = CLEAVE_CORES;
  std::string asked;  // the package
};

constexpr int kWarmUp = 120;
constexpr int kSkipped = 77;

class Folder {
 public:
  Folder() {
    std::string name = std::filesystem::temp_directory_path() / "libretro.XXXXXX";
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~Folder() { remove(); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  void remove() const {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }

 private:
  std::filesystem::path path_;
};

// In a process of its own: a core whose state went back by half may crash, and cores that have
// threads and files would not like to be unloaded.
bool measure(const Kind& kind, const Settings& settings, Covered covered, Figures& figures) {
  const Folder folder;
  (void)std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    if (std::freopen("/dev/null", "w", stdout) == nullptr) _exit(1);  // cores talk
    Machine machine(covered, settings.cores / kind.library, kind.cartridge(), folder.path(),
                    kind.file);
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

void draw(const char* what, double microseconds, double most) {
  constexpr double kColumns = 40;
  std::printf("  %-34s %9.0f us  %.*s\n", what, microseconds,
              static_cast<int>(microseconds / most * kColumns + 0.5),
              "########################################");
}

void report(const Kind& kind, const Figures& heap, bool heap_well, const Figures& all) {
  std::printf("%s: a frame takes %.0f us, writes %.0f pages; its save state is %zu KiB\n",
              kind.package, all.frame, all.pages, all.state_size >> 10);
  std::printf("  of %d frames, %d pictures and %d sounds were other than the one before\n",
              all.frames, all.pictures, all.sounds);
  if (heap_well) {
    std::printf("  wrong frames, the heap alone goes back: %d of %d\n", heap.wrong, heap.frames);
  } else {
    std::printf("  wrong frames, the heap alone goes back: it crashed\n");
  }
  std::printf("  wrong frames, with its variables:       %d of %d\n", all.wrong, all.frames);
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

bool try_core(const Kind& kind, const Settings& settings) {
  Figures* const figures = shared_figures();
  const bool heap_well = measure(kind, settings, Covered::heap, figures[0]);
  const bool all_well = measure(kind, settings, Covered::heap_and_segments, figures[1]);
  if (!all_well) {
    std::printf("%s: did not end well\n", kind.package);
    return false;
  }
  report(kind, figures[0], heap_well, figures[1]);
  const bool half_is_wrong = !heap_well || figures[0].wrong > 0;
  const bool lives =
      figures[1].pictures > figures[1].frames / 2 && figures[1].sounds > figures[1].frames / 2;
  const bool right = figures[1].wrong == 0 && lives && half_is_wrong == kind.needs_segments;
  (void)munmap(figures, 2 * sizeof(Figures));
  return right;
}

// Lines of the standard input say "commits" or "states"; each answer is a line of microseconds: to
// undo a frame, a commit and what it costs the next frame; or to save and to load the state.
int answer(const Settings& settings) {
  const auto kind = std::find_if(kKinds.begin(), kKinds.end(),
                                 [&](const Kind& k) { return k.package == settings.asked; });
  if (kind == kKinds.end() || !std::filesystem::exists(settings.cores / kind->library)) {
    return kSkipped;
  }
  const Folder folder;
  std::FILE* const answers = fdopen(dup(STDOUT_FILENO), "w");
  if (answers == nullptr || std::freopen("/dev/null", "w", stdout) == nullptr) return 1;
  Machine machine(Covered::heap_and_segments, settings.cores / kind->library, kind->cartridge(),
                  folder.path(), kind->file);
  for (int i = 0; i < kWarmUp; ++i) machine.core().play();
  (void)std::fprintf(answers, "ready\n");
  (void)std::fflush(answers);
  for (std::string what; std::cin >> what;) {
    Figures now{};
    if (what == "commits") {
      measure_replay(machine, settings.frames, now);
      if (now.wrong != 0) return 1;
      (void)std::fprintf(answers, "%f %f\n", now.undo, now.commit + now.aftermath);
    } else {
      measure_state(machine, now);
      (void)std::fprintf(answers, "%f %f\n", now.save, now.load);
    }
    (void)std::fflush(answers);
  }
  folder.remove();
  _exit(0);  // as above: no core is unloaded
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
  const Settings settings = settings_of(count, words);
  if (!settings.asked.empty()) return answer(settings);
  int tried = 0;
  bool right = true;
  for (const Kind& kind : kKinds) {
    if (!std::filesystem::exists(settings.cores / kind.library)) {
      std::printf("%s is not installed: no %s in %s\n", kind.package, kind.library,
                  settings.cores.c_str());
      continue;
    }
    ++tried;
    right = try_core(kind, settings) && right;
  }
  if (tried == 0) return kSkipped;
  return right ? 0 : 1;
}
