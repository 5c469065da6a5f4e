// check() finds damage, wherever it is planted.

#include <functional>
#include <string>

#include "heap/layout.h"
#include "tests/heap/heap_memory.h"

namespace cleave::detail {
namespace {

// The records of a heap, to be damaged.
struct Records {
  explicit Records(std::span<std::byte> memory)
      : at(HeapLayout::of(static_cast<std::uint32_t>(memory.size() / kPageSize))),
        header(*reinterpret_cast<HeapHeader*>(memory.data())),
        slots(reinterpret_cast<HeapSlot*>(memory.data() + at.slots)),
        free_pages(reinterpret_cast<std::uint64_t*>(memory.data() + at.free_pages)),
        entries(reinterpret_cast<PageEntry*>(memory.data() + at.entries)),
        slabs(reinterpret_cast<Slab*>(memory.data() + at.slabs)),
        remote(reinterpret_cast<RemoteFrees*>(memory.data() + at.remote)) {}

  /// The first slot that has slabs of this class.
  HeapSlot& slot_with(unsigned size_class) const {
    HeapSlot* slot = slots;
    while (slot->classes[size_class].slab == 0) ++slot;
    return *slot;
  }

  HeapLayout at;
  HeapHeader& header;
  HeapSlot* slots;
  std::uint64_t* free_pages;
  PageEntry* entries;
  Slab* slabs;
  RemoteFrees* remote;
};

struct Damage {
  const char* name;
  std::function<void(Records&)> plant;
};
void PrintTo(const Damage& damage, std::ostream* out) { *out << damage.name; }

constexpr unsigned kClass = 3;  // of 64 bytes

class HeapDamaged : public OnAHeap, public testing::WithParamInterface<Damage> {
 protected:
  void TearDown() override {}  // it is not whole, and must not be
};

TEST_P(HeapDamaged, IsFound) {
  std::vector<void*> blocks;
  for (int i = 0; i < 600; ++i) blocks.push_back(heap.allocate(64));
  void* large = heap.allocate(100'000);
  for (std::size_t i = 0; i < 300; i += 2) heap.deallocate(blocks[i]);
  ASSERT_NE(large, nullptr);
  expect_whole();
  Records records(memory.bytes());
  GetParam().plant(records);
  const auto damage = heap.check();
  ASSERT_TRUE(damage.has_value());
  EXPECT_LT(damage->where, memory.bytes().size());
}

Slab& slab(Records& r) { return r.slabs[r.slot_with(kClass).classes[kClass].slab]; }

INSTANTIATE_TEST_SUITE_P(
    As, HeapDamaged,
    testing::Values(
        Damage{"Magic", [](Records& r) { r.header.magic ^= 1; }},
        Damage{"Size", [](Records& r) { r.header.pages += 1; }},
        Damage{"ReciprocalOfTheSlabThatIsNone", [](Records& r) { r.slabs[0].reciprocal = 1; }},
        Damage{"StartOfTheSlabThatIsNone", [](Records& r) { r.slabs[0].start = 4096; }},
        Damage{"FreePageBit", [](Records& r) { r.free_pages[20] ^= 1u << 5; }},
        Damage{"UsedPages", [](Records& r) { r.header.used_pages -= 1; }},
        Damage{"LargePages", [](Records& r) { r.header.large_pages += 1; }},
        Damage{"FreshPages", [](Records& r) { r.header.fresh_pages = r.at.first_block_page; }},
        Damage{"EntryOfAFreePage",
               [](Records& r) { r.entries[r.header.pages - 1] = PageEntry::large(1); }},
        Damage{"EntryOfAnOwnPage", [](Records& r) { r.entries[1] = PageEntry::large(1); }},
        Damage{"EntryOfASlab", [](Records& r) { r.entries[slab(r).first_page + 1] = {}; }},
        Damage{"OwnerInAnEntry",
               [](Records& r) {
                 const PageEntry entry = r.entries[slab(r).first_page];
                 r.entries[slab(r).first_page] =
                     PageEntry::slab(entry.number(), entry.size_class(), entry.owner() + 1, 0);
               }},
        Damage{"FreeBitSet", [](Records& r) { slab(r).free[0] ^= 1; }},
        Damage{"FreeCount", [](Records& r) { slab(r).free_blocks ^= 1; }},
        Damage{"BlockCount", [](Records& r) { slab(r).blocks = 255; }},
        Damage{"SizeClass", [](Records& r) { slab(r).size_class = 77; }},
        Damage{"BlockBytes", [](Records& r) { slab(r).block_bytes += 16; }},
        Damage{"Start", [](Records& r) { slab(r).start += 16; }},
        Damage{"Reciprocal", [](Records& r) { slab(r).reciprocal -= 1; }},
        Damage{"FirstPage", [](Records& r) { slab(r).first_page += 1; }},
        Damage{"Link", [](Records& r) { slab(r).next = slab(r).next == 0 ? 1 : 0; }},
        Damage{"LinkToItself",
               [](Records& r) { slab(r).next = r.slot_with(kClass).classes[kClass].slab; }},
        Damage{"HeadOfAList", [](Records& r) { r.slot_with(kClass).classes[kClass].slab = 0; }},
        Damage{"Linked", [](Records& r) { slab(r).linked = false; }},
        Damage{"KeptCount", [](Records& r) { r.slot_with(kClass).classes[kClass].kept_count = 9; }},
        Damage{"KeptTwice",
               [](Records& r) {
                 auto& kept = r.slot_with(kClass).classes[kClass].kept;
                 kept[1] = kept[0];
               }},
        Damage{"KeptElsewhere",
               [](Records& r) { r.slot_with(kClass).classes[kClass].kept[0] += 1; }},
        Damage{"RemoteBitOfAFreeBlock",
               [](Records& r) {
                 r.remote[r.slot_with(kClass).classes[kClass].slab].bits[3].store(slab(r).free[3],
                                                                                  sync::relaxed);
               }},
        Damage{"RemoteBitThatIsNotLinked",
               [](Records& r) {
                 r.remote[r.slot_with(kClass).classes[kClass].slab].bits[0].store(~slab(r).free[0],
                                                                                  sync::relaxed);
               }},
        Damage{"RemoteBitOfAKeptBlock",
               [](Records& r) {
                 // The first that was freed: the first of the first slab.
                 const std::uint32_t granule = r.slot_with(kClass).classes[kClass].kept[0];
                 const std::uint32_t number = r.entries[granule / (kPageSize / 16)].number();
                 r.remote[number].bits[0].store(1, sync::relaxed);
                 HeapSlot& slot = r.slot_with(kClass);
                 slot.pending.store(pending_number(number, 0), sync::relaxed);
               }},
        Damage{"UnusedRecords", [](Records& r) { r.header.free_slabs = 1; }},
        Damage{"BlocksOfTheEmptySlab", [](Records& r) { r.slabs[0].blocks = 1; }},
        Damage{"EmptySlab", [](Records& r) { r.slabs[0].free[0] = 1; }}),
    [](const auto& damage) { return std::string(damage.param.name); });

}  // namespace
}  // namespace cleave::detail
