// An emulator that comes as a library for libretro's interface, a core, and a front end for it that
// presses buttons by a rule and hashes what is shown and heard.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "examples/libretro/cartridges/cartridges.h"
#include "examples/libretro/interface.h"

namespace cleave::example {

/// One a process, since a core calls functions that know of no object.
class Core {
 public:
  /// Loads the library and has it play the cartridge, with what it allocates in the heap that
  /// core_allocates_from() was told of. `folder` is for files that it reads and writes, the
  /// cartridge as `file` among them. Ends the program where it cannot.
  Core(const std::filesystem::path& library, const Cartridge& cartridge,
       const std::filesystem::path& folder, const std::string& file);
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  [[nodiscard]] void* handle() const { return handle_; }

  /// What this front end itself has to take back together with the core.
  struct Progress {
    std::uint64_t frame;    // the buttons that are pressed follow from it
    std::uint64_t picture;  // a hash of the one that is shown
  };
  [[nodiscard]] std::span<const std::byte> progress() const;
  void set_progress(std::span<const std::byte> to);
  /// Besides, a button is pressed from now on, or no more.
  void press(bool pressed);

  struct Shown {
    std::uint64_t picture, sound;
    friend bool operator==(const Shown&, const Shown&) = default;
  };
  /// One frame: hashes of what is shown and heard in it.
  Shown play();

  /// The core's own way to save and load its state.
  [[nodiscard]] std::size_t state_size() const;
  void save(std::span<std::byte> to) const;
  void load(std::span<const std::byte> from);

 private:
  template <class Function>
  Function* find(const char* name) const;

  void* handle_;
  void (*run_)() = nullptr;
  bool (*serialize_)(void*, std::size_t) = nullptr;
  bool (*unserialize_)(const void*, std::size_t) = nullptr;
  std::size_t (*serialize_size_)() = nullptr;
};

}  // namespace cleave::example
