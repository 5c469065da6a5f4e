// An outsider's program with a swap file behind compressed memory.
#include <array>
#include <cstdio>
#include <utility>

#include <cleave/backing/compressed.h>
#include <cleave/backing/swap_file.h>
#include <cleave/must.h>
#include <cleave/units.h>

using namespace cleave;
using namespace cleave::literals;

int main() {
  auto file = must(swap_file({.bytes = 1_MiB}));
  const auto backing = must(compressed({.bytes = 1_MiB, .next = std::move(file)}));
  std::array<std::byte, 4096> page{};
  page[7] = std::byte{7};
  const std::byte* from = page.data();
  Backing::Place place{};
  must(backing->put({&from, 1}, {&place, 1}));
  page[7] = std::byte{0};
  std::byte* into = page.data();
  must(backing->get({&place, 1}, {&into, 1}));
  backing->drop(place);
  std::printf("%d\n", static_cast<int>(page[7]));
  return page[7] == std::byte{7} ? 0 : 1;
}
