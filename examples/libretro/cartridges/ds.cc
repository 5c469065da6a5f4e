#include <algorithm>
#include <array>
#include <span>

#include "examples/libretro/cartridges/cartridges.h"

namespace cleave::example {
namespace {

// r4: a number that is mixed on and on; r5: frames; r6: the picture; r7: a table; r8: buttons.
constexpr auto kArm9 = std::to_array<std::uint32_t>({
    0xe59f00a4,  //        ldr r0, =POWCNT1
    0xe59f10a4,  //        ldr r1, =0x8003
    0xe5801000,  //        str r1, [r0]: both screens
    0xe59f00a0,  //        ldr r0, =VRAMCNT_A
    0xe3a01080,  //        mov r1, #0x80
    0xe5c01000,  //        strb r1, [r0]: the bank is the processor's
    0xe3a00301,  //        mov r0, #0x04000000
    0xe3a01802,  //        mov r1, #0x20000
    0xe5801000,  //        str r1, [r0]: it is shown as it is
    0xe3a04001,  //        mov r4, #1
    0xe3a05000,  //        mov r5, #0
    0xe3a0651a,  //        mov r6, #0x06800000
    0xe3a07621,  //        mov r7, #0x02100000
    0xe59f907c,  //        ldr r9, =KEYINPUT
    0xe3a0a622,  //        mov r10, #0x02200000
    0xe59fb078,  //        ldr r11, =1664525
    0xe59fc078,  //        ldr r12, =1013904223
    0xe2855001,  // frame: add r5, r5, #1
    0xe1d980b0,  //        ldrh r8, [r9]
    0xe3a02a01,  //        mov r2, #4096
    0xe024c49b,  // mix:   mla r4, r11, r4, r12
    0xe0244008,  //        eor r4, r4, r8
    0xe1a03824,  //        mov r3, r4, lsr #16
    0xe3c33003,  //        bic r3, r3, #3
    0xe7971003,  //        ldr r1, [r7, r3]
    0xe0811004,  //        add r1, r1, r4
    0xe0811005,  //        add r1, r1, r5
    0xe7871003,  //        str r1, [r7, r3]
    0xe1a037a4,  //        mov r3, r4, lsr #15
    0xe3c33001,  //        bic r3, r3, #1
    0xe3530906,  //        cmp r3, #0x18000
    0x318610b3,  //        strhlo r1, [r6, r3]: a pixel
    0xe2522001,  //        subs r2, r2, #1
    0x1afffff1,  //        bne mix
    0xe58a4000,  //        str r4, [r10]: for the other processor
    0xe3a00301,  //        mov r0, #0x04000000
    0xe1d010b6,  // shown: ldrh r1, [r0, #6]
    0xe35100c0,  //        cmp r1, #192
    0x1afffffc,  //        bne shown
    0xe1d010b6,  // blank: ldrh r1, [r0, #6]
    0xe35100c0,  //        cmp r1, #192
    0x0afffffc,  //        beq blank
    0xeaffffe5,  //        b frame
    0x04000304, 0x00008003, 0x04000240, 0x04000130, 0x0019660d, 0x3c6ef35f,
});

// Sounds at each frame what the other processor says.
constexpr auto kArm7 = std::to_array<std::uint32_t>({
    0xe59f0058,  //        ldr r0, =POWCNT2
    0xe3a01001,  //        mov r1, #1
    0xe1c010b0,  //        strh r1, [r0]
    0xe59f0050,  //        ldr r0, =SOUNDCNT
    0xe59f1050,  //        ldr r1, =0x807f
    0xe1c010b0,  //        strh r1, [r0]: loud
    0xe3a01c02,  //        mov r1, #0x200
    0xe1c010b4,  //        strh r1, [r0, #4]
    0xe59f5044,  //        ldr r5, =SOUND8CNT
    0xe59f6044,  //        ldr r6, =0xe340007f
    0xe3a07622,  //        mov r7, #0x02200000
    0xe3a00301,  //        mov r0, #0x04000000
    0xe1d010b6,  // shown: ldrh r1, [r0, #6]
    0xe35100c0,  //        cmp r1, #192
    0x1afffffc,  //        bne shown
    0xe5974000,  //        ldr r4, [r7]
    0xe1a039a4,  //        mov r3, r4, lsr #19
    0xe3833a0e,  //        orr r3, r3, #0xe000
    0xe1c530b8,  //        strh r3, [r5, #8]: the pitch
    0xe5856000,  //        str r6, [r5]
    0xe1d010b6,  // blank: ldrh r1, [r0, #6]
    0xe35100c0,  //        cmp r1, #192
    0x0afffffc,  //        beq blank
    0xeafffff3,  //        b shown
    0x04000304, 0x04000500, 0x0000807f, 0x04000480, 0xe340007f,
});

void put(Cartridge& cartridge, std::size_t at, std::uint32_t word) {
  for (int byte = 0; byte < 4; ++byte) {
    cartridge[at++] = static_cast<std::uint8_t>(word >> (8 * byte));
  }
}

// One of the two programs, and where the header says it goes.
void add_program(Cartridge& cartridge, std::size_t header, std::uint32_t offset,
                 std::uint32_t address, std::span<const std::uint32_t> program) {
  put(cartridge, header, offset);
  put(cartridge, header + 4, address);
  put(cartridge, header + 8, address);
  put(cartridge, header + 12, static_cast<std::uint32_t>(program.size_bytes()));
  for (const std::uint32_t word : program) {
    put(cartridge, offset, word);
    offset += 4;
  }
}

}  // namespace

Cartridge ds_cartridge() {
  constexpr std::uint32_t kHeader = 0x200;
  Cartridge cartridge(128 << 10);
  constexpr std::array<std::uint8_t, 16> kName{'T', 'E', 'S', 'T', 0,   0,   0,   0,
                                               0,   0,   0,   0,   '#', '#', '#', '#'};
  std::ranges::copy(kName, cartridge.begin());
  add_program(cartridge, 0x20, kHeader, 0x02000000, kArm9);
  add_program(cartridge, 0x30, kHeader + 0x200, 0x02380000, kArm7);
  put(cartridge, 0x80, kHeader + 0x400);
  put(cartridge, 0x84, kHeader);
  return cartridge;
}

}  // namespace cleave::example
