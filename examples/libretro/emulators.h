// The emulators that are tried: Debian's packages, each with a cartridge for its machine.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "examples/libretro/cartridges/cartridges.h"

namespace cleave::example {

struct Emulator {
  const char* package;
  const char* library;
  Cartridge (*cartridge)();
  const char* file;
  bool needs_segments;  // its state lies in its variables, too
};

inline constexpr std::array kEmulators{
    Emulator{"libretro-gambatte", "gambatte_libretro.so", gameboy_cartridge, "test.gb", false},
    Emulator{"libretro-nestopia", "nestopia_libretro.so", nes_cartridge, "test.nes", false},
    Emulator{"libretro-mgba", "mgba_libretro.so", gameboy_cartridge, "test.gb", false},
    Emulator{"libretro-desmume", "desmume_libretro.so", ds_cartridge, "test.nds", true},
};

/// Null: there is no such package here.
inline const Emulator* find_emulator(std::string_view package) {
  const auto* const found =
      std::find_if(kEmulators.begin(), kEmulators.end(),
                   [&](const Emulator& emulator) { return emulator.package == package; });
  return found == kEmulators.end() ? nullptr : found;
}

/// Until a game has begun.
inline constexpr int kWarmUp = 120;

}  // namespace cleave::example
