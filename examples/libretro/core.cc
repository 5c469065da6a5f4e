#include "examples/libretro/core.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "examples/libretro/inside.h"

namespace cleave::example {
namespace {

// What the functions that a core calls know of.
struct FrontEnd {
  Core::Progress progress{};
  bool pressed = false;
  std::size_t pixel_size = 2;
  std::string folder;
  std::uint64_t sound = 0;
};
FrontEnd front;  // NOLINT

std::uint64_t mix(std::uint64_t hash, const void* bytes, std::size_t size) {
  const auto* at = static_cast<const unsigned char*>(bytes);
  for (std::size_t i = 0; i + 8 <= size; i += 8) {
    std::uint64_t word;
    std::memcpy(&word, at + i, sizeof word);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 29;
  }
  return hash;
}

bool answer(unsigned what, void* data) {
  const CoreAtWork ours(false);
  switch (what & ~retro::kExperimental) {
    case retro::kCanRepeatPictures:
      *static_cast<bool*>(data) = true;
      return true;
    case retro::kPixelFormat:
      front.pixel_size = *static_cast<const int*>(data) == retro::kXrgb8888 ? 4 : 2;
      return true;
    case retro::kSystemFolder:
    case retro::kSaveFolder:
      *static_cast<const char**>(data) = front.folder.c_str();
      return true;
    default:
      return false;
  }
}

void see(const void* pixels, unsigned width, unsigned height, std::size_t pitch) {
  if (pixels == nullptr) return;  // as before
  front.progress.picture = 0;
  for (unsigned line = 0; line < height; ++line) {
    const auto* row = static_cast<const char*>(pixels) + line * pitch;
    front.progress.picture = mix(front.progress.picture, row, width * front.pixel_size);
  }
}
void hear(std::int16_t left, std::int16_t right) {
  const std::int64_t both = left * 65536L + right;
  front.sound = mix(front.sound, &both, sizeof both);
}
std::size_t hear_all(const std::int16_t* samples, std::size_t pairs) {
  for (std::size_t i = 0; i < pairs; ++i) hear(samples[2 * i], samples[2 * i + 1]);
  return pairs;
}
void poll() {}
std::int16_t button(unsigned port, unsigned device, unsigned /*index*/, unsigned number) {
  if (port != 0 || device != retro::kJoypad) return 0;
  if (number == retro::kButtonB) return front.pressed ? 1 : 0;
  // Those that all of the machines have, and no button of a core's own, such as a turbo.
  if (number < retro::kSelect || number > retro::kButtonA) return 0;
  return (front.progress.frame / 16 * 2654435761U >> number & 7) == 0 ? 1 : 0;
}

[[noreturn]] void give_up(const char* why) {
  std::fprintf(stderr, "libretro: %s\n", why);
  std::exit(1);
}

}  // namespace

template <class Function>
Function* Core::find(const char* name) const {
  void* const found = dlsym(handle_, (std::string("retro_") + name).c_str());
  if (found == nullptr) give_up(dlerror());
  return reinterpret_cast<Function*>(found);
}

Core::Core(const std::filesystem::path& library, const Cartridge& cartridge,
           const std::filesystem::path& folder, const std::string& file) {
  front.folder = folder;
  const std::string path = folder / file;
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(cartridge.data()),
             static_cast<std::streamsize>(cartridge.size()));
  {
    const CoreAtWork core;  // its constructors allocate
    handle_ = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  }
  if (handle_ == nullptr) give_up(dlerror());
  run_ = find<void()>("run");
  serialize_ = find<bool(void*, std::size_t)>("serialize");
  unserialize_ = find<bool(const void*, std::size_t)>("unserialize");
  serialize_size_ = find<std::size_t()>("serialize_size");
  auto* const set_environment = find<void(retro::Environment*)>("set_environment");
  auto* const init = find<void()>("init");
  auto* const set_picture = find<void(retro::Picture*)>("set_video_refresh");
  auto* const set_sample = find<void(retro::Sample*)>("set_audio_sample");
  auto* const set_samples = find<void(retro::Samples*)>("set_audio_sample_batch");
  auto* const set_poll = find<void(retro::Poll*)>("set_input_poll");
  auto* const set_button = find<void(retro::Button*)>("set_input_state");
  auto* const plug_in = find<void(unsigned, unsigned)>("set_controller_port_device");
  auto* const load_game = find<bool(const retro::Game*)>("load_game");
  const retro::Game game{path.c_str(), cartridge.data(), cartridge.size(), nullptr};
  bool loaded = false;
  {
    const CoreAtWork core;
    set_environment(answer);
    init();
    set_picture(see);
    set_sample(hear);
    set_samples(hear_all);
    set_poll(poll);
    set_button(button);
    loaded = load_game(&game);
    plug_in(0, retro::kJoypad);
  }
  if (!loaded) give_up("the core does not take the cartridge");
}

std::span<const std::byte> Core::progress() const {
  return std::as_bytes(std::span(&front.progress, 1));
}
void Core::set_progress(std::span<const std::byte> to) {
  std::memcpy(&front.progress, to.data(), sizeof front.progress);
}
void Core::press(bool pressed) { front.pressed = pressed; }

Core::Shown Core::play() {
  front.sound = 0;
  {
    const CoreAtWork core;
    run_();
  }
  ++front.progress.frame;
  return {front.progress.picture, front.sound};
}

std::size_t Core::state_size() const {
  const CoreAtWork core;
  return serialize_size_();
}
void Core::save(std::span<std::byte> to) const {
  bool done;
  {
    const CoreAtWork core;
    done = serialize_(to.data(), to.size());
  }
  if (!done) give_up("the core does not save its state");
}
void Core::load(std::span<const std::byte> from) {
  bool done;
  {
    const CoreAtWork core;
    done = unserialize_(from.data(), from.size());
  }
  if (!done) give_up("the core does not load its state");
}

}  // namespace cleave::example
