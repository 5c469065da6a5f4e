#include "bench/space/touched.h"

#include <sys/mman.h>

#include <array>
#include <span>

#include <cleave/must.h>

#include "measure/system.h"

namespace cleave::bench {

Extent Extent::that_fits(ByteCount mapped) {
  const std::uint64_t most = measure::proc_bytes("/proc/meminfo", "MemAvailable").value / 4;
  return {mapped, (mapped.value + most - 1) / most};
}

TouchedSpace::TouchedSpace(const Extent& wanted, ByteCount spare)
    : extent(wanted),
      pool(must(Pool::create(wanted.touched() + spare))),
      space(must(Space::create(pool))),
      base(must(space.map(wanted.mapped))) {
  const std::array<std::byte, 8> word{std::byte{1}};
  for (std::uint64_t n = 0; n < extent.touched_pages(); ++n) {
    must(space.write(touched_page(n), word));
  }
}

TouchedHeap::TouchedHeap(const Extent& wanted)
    : extent(wanted),
      base_(static_cast<std::byte*>(mmap(nullptr, wanted.mapped.value, PROT_READ | PROT_WRITE,
                                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {
  measure::must_hold(base_ != MAP_FAILED, "mmap(2) failed for the baseline's heap");
  (void)madvise(base_, extent.mapped.value, MADV_NOHUGEPAGE);
  for (std::uint64_t n = 0; n < extent.touched_pages(); ++n) write(n, 1);
}

TouchedHeap::~TouchedHeap() { (void)munmap(base_, extent.mapped.value); }

}  // namespace cleave::bench
