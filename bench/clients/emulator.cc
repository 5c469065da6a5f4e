// A console's frame, in the proportions of those that examples/emulator.cc stands for: registers,
// a stack and sprites are written in every frame, the picture too, and work memory here and there.
#include <array>
#include <cstdint>
#include <cstring>

#include "bench/clients/client.h"

namespace cleave::bench {
namespace {

using namespace literals;

struct Console {
  struct Registers {
    std::uint64_t frame, random, digest;
  };
  alignas(kPageSize) Registers registers;
  alignas(kPageSize) std::array<std::uint64_t, 32 * kPageSize / 8> sprites;
  alignas(kPageSize) std::array<std::uint32_t, 256 * 224> picture;
  std::array<std::uint64_t, ((32 << 20) - 33 * kPageSize - 256 * 224 * 4) / 8> work;
};
static_assert(sizeof(Console) == 32 << 20);

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  a ^= b + 0x9e3779b97f4a7c15 + (a << 6) + (a >> 2);
  a *= 0xbf58476d1ce4e5b9;
  return a ^ (a >> 29);
}

class Emulator final : public Client {
 public:
  explicit Emulator(std::span<std::byte> memory)
      : console_(*reinterpret_cast<Console*>(memory.data())) {}

  void run_epoch() override {
    Console::Registers& registers = console_.registers;
    for (int instruction = 0; instruction < 150'000; ++instruction) {
      registers.random = mix(registers.random, static_cast<std::uint64_t>(instruction));
      console_.sprites[registers.random % console_.sprites.size()] ^= registers.random;
    }
    for (int i = 0; i < 50; ++i) {  // what the game itself remembers
      registers.random = mix(registers.random, registers.frame);
      std::uint64_t& word = console_.work[registers.random % console_.work.size()];
      word = mix(word, registers.random);
      registers.digest = mix(registers.digest, word);
    }
    for (std::size_t i = 0; i < console_.picture.size(); ++i) {
      console_.picture[i] = static_cast<std::uint32_t>(
          console_.sprites[i % console_.sprites.size()] + i * registers.digest);
    }
    ++registers.frame;
  }

 private:
  Console& console_;
};

}  // namespace

const ClientKind kEmulatorClient{
    .name = "emulator",
    .what = "frames of a console with 32 MiB",
    .memory = 32_MiB,
    .make = [](std::span<std::byte> memory) -> std::unique_ptr<Client> {
      return std::make_unique<Emulator>(memory);
    }};

}  // namespace cleave::bench
