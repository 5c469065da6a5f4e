#include "cleave/frames/pool.h"

#include "cleave/base/check.h"
#include "cleave/sync/memory.h"

namespace cleave {

Result<Pool> Pool::create(ByteCount budget) {
  return Frames::create(budget.value >> kPageBits).map([](Frames* frames) { return Pool(frames); });
}

void Pool::End::operator()(Frames* frames) const noexcept {
  const PoolStatistics s = frames->statistics();
  CLEAVE_CHECK(s.spaces == 0 && s.accessors == 0 && s.nodes == 0 && s.regions == 0 && s.used == 0,
               "a pool was destroyed before the spaces, snapshots or accessors made from it");
  sync::destroy(frames);
}

}  // namespace cleave
