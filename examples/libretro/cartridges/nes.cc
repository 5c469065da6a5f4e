#include <algorithm>
#include <array>

#include "examples/libretro/cartridges/cartridges.h"

namespace cleave::example {
namespace {

// $00, $01: a number that is mixed on and on; $02: frames; $10: buttons; $0200, $0300: tables.
constexpr auto kReset = std::to_array<std::uint8_t>({
    0x78,              //        SEI
    0xd8,              //        CLD
    0xa2, 0xff,        //        LDX #$FF
    0x9a,              //        TXS
    0xe8,              //        INX
    0x8e, 0x00, 0x20,  //        STX PPUCTRL
    0x8e, 0x01, 0x20,  //        STX PPUMASK
    0x2c, 0x02, 0x20,  // one:   BIT PPUSTATUS, twice until the picture's unit is warm
    0x10, 0xfb,        //        BPL one
    0x2c, 0x02, 0x20,  // two:   BIT PPUSTATUS
    0x10, 0xfb,        //        BPL two
    0xa9, 0x01,        //        LDA #1
    0x8d, 0x15, 0x40,  //        STA SND_CHN: the first square wave
    0xa9, 0xbf,        //        LDA #$BF
    0x8d, 0x00, 0x40,  //        STA SQ1_VOL
    0xa9, 0x00,        //        LDA #0
    0x8d, 0x01, 0x40,  //        STA SQ1_SWEEP
    0x8d, 0x03, 0x40,  //        STA SQ1_HI
    0xaa,              //        TAX
    0x95, 0x00,        // clear: STA $00,X
    0x9d, 0x00, 0x02,  //        STA $0200,X
    0x9d, 0x00, 0x03,  //        STA $0300,X
    0xe8,              //        INX
    0xd0, 0xf5,        //        BNE clear
    0xe6, 0x00,        //        INC $00
    0xa9, 0x80,        //        LDA #$80
    0x8d, 0x00, 0x20,  //        STA PPUCTRL: interrupt at each frame
    0xa5, 0x00,        // mix:   LDA $00
    0x0a,              //        ASL A
    0x26, 0x01,        //        ROL $01
    0x90, 0x02,        //        BCC even
    0x49, 0x2d,        //        EOR #$2D
    0x45, 0x10,        // even:  EOR $10
    0x65, 0x02,        //        ADC $02
    0x85, 0x00,        //        STA $00
    0xaa,              //        TAX
    0xfe, 0x00, 0x02,  //        INC $0200,X
    0x7d, 0x00, 0x03,  //        ADC $0300,X
    0x9d, 0x00, 0x03,  //        STA $0300,X
    0x4c, 0x3b, 0x80,  //        JMP mix
});

constexpr auto kFrame = std::to_array<std::uint8_t>({
    0x48,              //        PHA
    0x8a,              //        TXA
    0x48,              //        PHA
    0xe6, 0x02,        //        INC $02
    0xad, 0x02, 0x20,  //        LDA PPUSTATUS
    0xa9, 0x3f,        //        LDA #$3F
    0x8d, 0x06, 0x20,  //        STA PPUADDR
    0xa9, 0x00,        //        LDA #0
    0x8d, 0x06, 0x20,  //        STA PPUADDR
    0xa2, 0x00,        //        LDX #0
    0xbd, 0x00, 0x03,  // paint: LDA $0300,X: the palette
    0x8d, 0x07, 0x20,  //        STA PPUDATA
    0xe8,              //        INX
    0xe0, 0x20,        //        CPX #32
    0xd0, 0xf5,        //        BNE paint
    0xa5, 0x02,        //        LDA $02
    0x4a, 0x4a, 0x4a,  //        LSR A, three times
    0x29, 0x03,        //        AND #3
    0x09, 0x20,        //        ORA #$20
    0x8d, 0x06, 0x20,  //        STA PPUADDR
    0xa5, 0x02,        //        LDA $02
    0x0a, 0x0a, 0x0a,  //        ASL A, five times
    0x0a, 0x0a,        //
    0x8d, 0x06, 0x20,  //        STA PPUADDR
    0xa2, 0x00,        //        LDX #0
    0xbd, 0x00, 0x02,  // row:   LDA $0200,X: one row of tiles
    0x8d, 0x07, 0x20,  //        STA PPUDATA
    0xe8,              //        INX
    0xe0, 0x20,        //        CPX #32
    0xd0, 0xf5,        //        BNE row
    0xa9, 0x00,        //        LDA #0
    0x8d, 0x05, 0x20,  //        STA PPUSCROLL
    0x8d, 0x05, 0x20,  //        STA PPUSCROLL
    0xa9, 0x0a,        //        LDA #$0A
    0x8d, 0x01, 0x20,  //        STA PPUMASK: show the background
    0xa5, 0x00,        //        LDA $00
    0x8d, 0x02, 0x40,  //        STA SQ1_LO: the pitch
    0xa9, 0x01,        //        LDA #1
    0x8d, 0x16, 0x40,  //        STA JOY1
    0xa9, 0x00,        //        LDA #0
    0x8d, 0x16, 0x40,  //        STA JOY1
    0xa2, 0x08,        //        LDX #8
    0xad, 0x16, 0x40,  // next:  LDA JOY1: a button each time
    0x4a,              //        LSR A
    0x26, 0x10,        //        ROL $10
    0xca,              //        DEX
    0xd0, 0xf7,        //        BNE next
    0x68,              //        PLA
    0xaa,              //        TAX
    0x68,              //        PLA
    0x40,              //        RTI
});

}  // namespace

Cartridge nes_cartridge() {
  constexpr std::size_t kHeader = 16;
  constexpr std::size_t kProgram = 32 << 10;
  constexpr std::size_t kTiles = 8 << 10;
  Cartridge cartridge(kHeader + kProgram + kTiles);
  // A header in the form that all emulators read: two banks of program, one of tiles, no mapper.
  constexpr std::array<std::uint8_t, 6> kForm{'N', 'E', 'S', 0x1a, 2, 1};
  std::ranges::copy(kForm, cartridge.begin());
  std::uint8_t* const program = &cartridge[kHeader];  // at $8000
  std::ranges::copy(kReset, program);
  std::ranges::copy(kFrame, program + 0x100);
  constexpr std::array<std::uint8_t, 6> kVectors{0x00, 0x81, 0x00, 0x80, 0x6c, 0x81};
  std::ranges::copy(kVectors, program + kProgram - kVectors.size());
  for (std::size_t i = 0; i < kTiles; ++i) {
    cartridge[kHeader + kProgram + i] = static_cast<std::uint8_t>(i * 37 ^ i >> 4);
  }
  return cartridge;
}

}  // namespace cleave::example
