// What is tested under each way of tracking that works here.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <cleave/arena.h>
#include <cleave/must.h>

#include "arena/track/registry.h"

namespace cleave::detail {

class EveryTracking : public testing::TestWithParam<Tracking> {
 protected:
  void SetUp() override {
    if (const auto works = try_tracking(GetParam()); !works) {
      GTEST_SKIP() << name(GetParam()) << ": " << works.error().message();
    }
  }

  Arena make(ByteCount size = std::uint64_t{1} << 20) {
    return must(Arena::create(pool_, size, {.tracking = GetParam()}));
  }

  // A write as a program does it: announced, where the tracking lives on that.
  static void write(Arena& arena, std::size_t offset, std::string_view text) {
    if (!tracker_kind(GetParam()).notices) arena.mark_dirty(arena.data() + offset, text.size());
    std::memcpy(arena.data() + offset, text.data(), text.size());
  }
  static std::string text_at(const Arena& arena, std::size_t offset, std::size_t size) {
    return {reinterpret_cast<const char*>(arena.data() + offset), size};
  }

  Pool pool_ = must(Pool::create(std::uint64_t{256} << 20));
};

/// The automatic choice, and what it chooses from.
inline std::vector<Tracking> every_choice() {
  std::vector<Tracking> all{Tracking::automatic};
  all.insert(all.end(), trackings().begin(), trackings().end());
  return all;
}

inline auto every_tracking() {
  const auto all = trackings();
  return testing::ValuesIn(all.begin(), all.end());
}
inline std::string name_of_tracking(const testing::TestParamInfo<Tracking>& which) {
  return name(which.param);
}

}  // namespace cleave::detail
