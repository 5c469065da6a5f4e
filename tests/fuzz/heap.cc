// A heap opened on hostile bytes: a heap that was in use, with words of it changed. check() must come to an end and read
// nothing outside of the heap's range; what it finds whole must be usable, and whole after that.
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <vector>

#include <cleave/heap.h>

#include "fuzz.h"

namespace {

constexpr std::size_t kBytes = std::size_t{1} << 20;
// A record's number has 32 bits, and a record 64 bytes: so far a number may lead that was not looked at.
constexpr std::size_t kReach = std::size_t{256} << 30;

// The heap's range in the middle of addresses that nothing may touch.
std::span<std::byte> memory() {
  static std::byte* const at = [] {
    void* const all =
        mmap(nullptr, 2 * kReach, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    fuzz::expect(all != MAP_FAILED, "set up: address space");
    std::byte* const middle = static_cast<std::byte*>(all) + kReach;
    fuzz::expect(mprotect(middle, kBytes, PROT_READ | PROT_WRITE) == 0, "set up: memory");
    return middle;
  }();
  return {at, kBytes};
}

// Slabs of several classes, some blocks freed; large blocks, one freed between others.
std::vector<std::byte> used_heap() {
  std::ranges::fill(memory(), std::byte{0});
  cleave::Heap heap = *cleave::Heap::create(memory());
  std::vector<void*> blocks;
  for (const unsigned bytes : {16U, 48U, 100U, 1000U, 3000U, 9000U, 40000U, 70000U, 5000U}) {
    for (int i = 0; i < 5; ++i) blocks.push_back(heap.allocate(bytes));
  }
  for (std::size_t i = 0; i < blocks.size(); i += 3) heap.deallocate(blocks[i]);
  fuzz::expect(!heap.check(), "set up: a heap in use is whole");
  return {memory().begin(), memory().end()};
}

void use(cleave::Heap heap) {
  std::array<void*, 24> blocks{};
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const std::size_t bytes = std::size_t{7} << (i % 14);
    blocks[i] = heap.allocate(bytes);
    if (blocks[i] == nullptr) continue;
    fuzz::expect(
        heap.contains(blocks[i]) && heap.contains(static_cast<std::byte*>(blocks[i]) + bytes - 1),
        "a block lies in the heap");
    std::memset(blocks[i], 0x55, bytes);
  }
  fuzz::expect(!heap.check(), "a heap that was whole is whole after allocations");
  for (void* const block : blocks) heap.deallocate(block);
  fuzz::expect(!heap.check(), "a heap that was whole is whole after frees");
  (void)heap.statistics();
}

}  // namespace

// The input is a list of changes: where (four bytes), how (one) and what (eight).
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::byte> whole = used_heap();
  std::memcpy(memory().data(), whole.data(), kBytes);
  fuzz::Bytes bytes({data, size});
  while (!bytes.at_end()) {
    const auto where = bytes.next<std::uint32_t>();
    const auto how = bytes.next<std::uint8_t>();
    const auto what = bytes.next<std::uint64_t>();
    // Most of what a heap knows lies in its first pages.
    const std::size_t reach = how % 4 == 0 ? kBytes : how % 4 == 1 ? 1024 : 64 * 1024;
    const std::size_t width = std::size_t{1} << (how / 4 % 4);
    const std::size_t offset = where % reach / width * width;
    std::memcpy(memory().data() + offset, &what, width);
  }
  auto heap = cleave::Heap::open(memory());
  if (!heap) return 0;
  if (!heap->check()) use(*heap);
  return 0;
}
