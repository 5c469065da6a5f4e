// The ways for bytes to go: a test of contents takes each of them.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/must.h>

#include "tests/io/on_a_ring.h"

namespace cleave::detail {

struct Way {
  const char* name;
  PageCache cache;
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
  return {{"Cached", PageCache::use, usual},
          {"CachedPlain", PageCache::use, plain},
          {"CachedShort", PageCache::use, small},
          {"CachedShortPlain", PageCache::use, small_plain},
          {"Direct", PageCache::bypass, usual},
          {"DirectPlain", PageCache::bypass, plain},
          {"DirectShort", PageCache::bypass, small},
          {"DirectShortPlain", PageCache::bypass, small_plain},
          {"DirectAlone", PageCache::bypass, alone}};
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

}  // namespace cleave::detail
