// Test cartridges: programs of our own for three machines. Each mixes numbers in the machine's
// memory with the buttons that are pressed, and draws and sounds them: so each frame follows from
// all before it, and one wrong byte is seen and heard.
#pragma once

#include <cstdint>
#include <vector>

namespace cleave::example {

using Cartridge = std::vector<std::uint8_t>;

/// For a Nintendo Entertainment System (6502).
Cartridge nes_cartridge();
/// For a Game Boy (SM83).
Cartridge gameboy_cartridge();
/// For a Nintendo DS (ARM9 and ARM7).
Cartridge ds_cartridge();

}  // namespace cleave::example
