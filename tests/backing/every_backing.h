// The backings that there are, for tests of what holds for all of them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/backing/compressed.h>
#include <cleave/backing/swap_file.h>
#include <cleave/must.h>

#include "tests/backing/pages.h"

namespace cleave::detail {

struct BackingKind {
  std::string name;
  /// Room for 200 pages that do not compress, and for fewer than 4,000.
  std::function<std::unique_ptr<Backing>()> make;
};

inline const std::vector<BackingKind>& every_backing() {
  using namespace cleave::literals;
  static const std::vector<BackingKind> all = {
      {"SwapFile", [] { return must(swap_file({.bytes = 2_MiB, .depth = 4})); }},
      {"Compressed", [] { return must(compressed({.bytes = 2_MiB})); }},
      {"CompressedBeforeASwapFile",
       [] {
         return must(compressed({.bytes = 1_MiB, .next = must(swap_file({.bytes = 2_MiB}))}));
       }},
  };
  return all;
}

class EveryBacking : public testing::TestWithParam<BackingKind> {};

inline std::string name_of(const testing::TestParamInfo<BackingKind>& info) {
  return info.param.name;
}

}  // namespace cleave::detail
