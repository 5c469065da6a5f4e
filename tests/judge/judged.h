// A test, written in a line or two, judged.
#pragma once

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "lab/judge/files.h"
#include "lab/judge/judge.h"
#include "lab/litmus/parse/parse.h"

namespace lab::judge {

/// A child reads what its parent writes later, through a reference that it took before:
/// CVE-2020-29374.
inline const char* const kLeak =
    "process P {\n fork C\n wait taken\n write x 77\n signal written\n}\n"
    "process C from P {\n p = get x\n unmap x\n signal taken\n wait written\n peek p -> r\n drop "
    "p\n}";

/// A test of the page x, which holds 1. `end` is its final clause, with what it expects.
inline std::unique_ptr<litmus::Test> test_of(const std::string& processes, const std::string& end) {
  const std::string text = "litmus t\n\"a\"\npage x = 1\n" + processes + "\n" + end + "\n";
  auto test = litmus::parse(text);
  if (!test) {
    ADD_FAILURE() << litmus::describe(test.error().front(), "t", text);
    return std::make_unique<litmus::Test>();
  }
  return std::make_unique<litmus::Test>(std::move(*test));
}

inline Variant variant(const std::string& text) { return parse_variants(text).value().front(); }

inline Judgement judged(const litmus::Test& test, const std::string& rules,
                        explore::Memory memory = explore::Memory::sc, const Effort& effort = {}) {
  auto judgement = judge(test, variant(rules), memory, effort);
  if (!judgement) {
    ADD_FAILURE() << judgement.error().what;
    return Judgement{};
  }
  return std::move(*judgement);
}

inline TestFiles catalogue() {
  auto files = load({}, CLEAVE_CATALOGUE);
  if (!files) {
    ADD_FAILURE() << files.error();
    return {};
  }
  return std::move(*files);
}

}  // namespace lab::judge
