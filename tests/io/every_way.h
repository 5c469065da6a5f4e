// The ways for bytes to go: a test of contents takes each of them.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/io/on_a_ring.h"

namespace cleave {

struct Way {
  const char* name;
  Cache cache;
  RingOptions options;
};

inline void PrintTo(const Way& way, std::ostream* out) { *out << way.name; }

inline std::vector<Way> every_way() {
  const RingOptions usual;
  RingOptions plain;
  plain.registered = false;
  RingOptions small;  // many blocks, each in several requests, none of a round size
  small.block = 4 * kPageSize;
  small.most_bytes_per_request = 5003;
  RingOptions small_plain = small;
  small_plain.registered = false;
  RingOptions alone = small;  // one request with the kernel, one block a transfer
  alone.requests = 1;
  alone.depth = 1;
  return {{"Cached", Cache::used, usual},
          {"CachedPlain", Cache::used, plain},
          {"CachedShort", Cache::used, small},
          {"CachedShortPlain", Cache::used, small_plain},
          {"Direct", Cache::bypassed_if_possible, usual},
          {"DirectPlain", Cache::bypassed_if_possible, plain},
          {"DirectShort", Cache::bypassed_if_possible, small},
          {"DirectShortPlain", Cache::bypassed_if_possible, small_plain},
          {"DirectAlone", Cache::bypassed_if_possible, alone}};
}

/// Its pool has memory everywhere, so that all of it can be registered.
class EveryWay : public OnARing, public testing::WithParamInterface<Way> {
 protected:
  void SetUp() override {
    OnARing::SetUp();
    if (IsSkipped()) return;
    must(pool.reserve(64 * kMiB));
    with(GetParam().options);
  }
};

inline std::string name_of(const testing::TestParamInfo<Way>& info) { return info.param.name; }

}  // namespace cleave
