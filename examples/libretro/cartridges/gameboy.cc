#include <algorithm>
#include <array>

#include "examples/libretro/cartridges/cartridges.h"

namespace cleave::example {
namespace {

// DE: a number that is mixed on and on; B: frames; C: buttons; $C000, $C100: tables.
constexpr auto kProgram = std::to_array<std::uint8_t>({
    0xf3,              //        DI
    0x31, 0xfe, 0xff,  //        LD SP,$FFFE
    0xf0, 0x44,        // wait:  LDH A,(LY)
    0xfe, 0x90,        //        CP 144
    0x38, 0xfa,        //        JR C,wait
    0xaf,              //        XOR A
    0xe0, 0x40,        //        LDH (LCDC),A: off
    0x3e, 0x80,        //        LD A,$80
    0xe0, 0x26,        //        LDH (NR52),A: sound on
    0x3e, 0x77,        //        LD A,$77
    0xe0, 0x24,        //        LDH (NR50),A: loud
    0x3e, 0xff,        //        LD A,$FF
    0xe0, 0x25,        //        LDH (NR51),A: both sides
    0x3e, 0x80,        //        LD A,$80
    0xe0, 0x11,        //        LDH (NR11),A
    0x3e, 0xf0,        //        LD A,$F0
    0xe0, 0x12,        //        LDH (NR12),A
    0x3e, 0x91,        //        LD A,$91
    0xe0, 0x40,        //        LDH (LCDC),A: on, with the background
    0x7b,              // mix:   LD A,E
    0x87,              //        ADD A,A
    0xcb, 0x12,        //        RL D
    0x30, 0x02,        //        JR NC,even
    0xee, 0x2d,        //        XOR $2D
    0xa9,              // even:  XOR C
    0x80,              //        ADD A,B
    0x5f,              //        LD E,A
    0x26, 0xc0,        //        LD H,$C0
    0x6f,              //        LD L,A
    0x34,              //        INC (HL)
    0x26, 0xc1,        //        LD H,$C1
    0x86,              //        ADD A,(HL)
    0x77,              //        LD (HL),A
    0xf0, 0x44,        //        LDH A,(LY)
    0xfe, 0x90,        //        CP 144
    0x20, 0xe7,        //        JR NZ,mix
    0x04,              //        INC B: the picture is drawn
    0x3e, 0x10,        //        LD A,$10
    0xe0, 0x00,        //        LDH (P1),A
    0xf0, 0x00,        //        LDH A,(P1): the buttons
    0x2f,              //        CPL
    0xe6, 0x0f,        //        AND $0F
    0x4f,              //        LD C,A
    0x7b,              //        LD A,E
    0xe0, 0x43,        //        LDH (SCX),A
    0xe0, 0x13,        //        LDH (NR13),A: the pitch
    0x7a,              //        LD A,D
    0xe0, 0x42,        //        LDH (SCY),A
    0xe6, 0x07,        //        AND $07
    0xf6, 0x80,        //        OR $80
    0xe0, 0x14,        //        LDH (NR14),A
    0xfa, 0x10, 0xc1,  //        LD A,($C110)
    0xe0, 0x47,        //        LDH (BGP),A: the palette
    0xd5,              //        PUSH DE
    0xc5,              //        PUSH BC
    0x78,              //        LD A,B
    0xe6, 0x1f,        //        AND $1F
    0x6f,              //        LD L,A
    0x26, 0x00,        //        LD H,0
    0x29, 0x29, 0x29,  //        ADD HL,HL, five times
    0x29, 0x29,        //
    0x7c,              //        LD A,H
    0xc6, 0x98,        //        ADD A,$98
    0x67,              //        LD H,A
    0x11, 0x00, 0xc0,  //        LD DE,$C000
    0x06, 0x20,        //        LD B,32
    0x1a,              // row:   LD A,(DE): one row of tiles
    0x13,              //        INC DE
    0xe6, 0x01,        //        AND 1
    0x22,              //        LD (HL+),A
    0x05,              //        DEC B
    0x20, 0xf8,        //        JR NZ,row
    0x21, 0x00, 0x80,  //        LD HL,$8000
    0x11, 0x00, 0xc1,  //        LD DE,$C100
    0x06, 0x20,        //        LD B,32
    0x1a,              // tile:  LD A,(DE): and what two tiles look like
    0x13,              //        INC DE
    0x22,              //        LD (HL+),A
    0x05,              //        DEC B
    0x20, 0xfa,        //        JR NZ,tile
    0xc1,              //        POP BC
    0xd1,              //        POP DE
    0xc3, 0x75, 0x01,  //        JP mix
});

}  // namespace

Cartridge gameboy_cartridge() {
  Cartridge cartridge(32 << 10);
  constexpr std::array<std::uint8_t, 4> kEntry{0x00, 0xc3, 0x50, 0x01};  // JP $0150
  std::ranges::copy(kEntry, &cartridge[0x100]);
  constexpr std::array<std::uint8_t, 4> kMark{0xce, 0xed, 0x66, 0x66};  // by which mGBA knows one
  std::ranges::copy(kMark, &cartridge[0x104]);
  std::ranges::copy(kProgram, &cartridge[0x150]);
  std::uint8_t sum = 0;
  for (std::size_t i = 0x134; i < 0x14d; ++i)
    sum = static_cast<std::uint8_t>(sum - cartridge[i] - 1);
  cartridge[0x14d] = sum;
  return cartridge;
}

}  // namespace cleave::example
