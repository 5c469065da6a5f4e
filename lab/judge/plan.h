// A test with every name looked up once, so that a run need not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "lab/litmus/diagnostic.h"
#include "lab/litmus/test.h"
#include "lab/model/machine.h"

namespace lab::judge {

/// One thing that a thread does: an operation, or a look at a register that may skip some.
struct Instruction {
  std::string text;   ///< as the test has it, and which time if there are several: "write x 77 (2)"
  litmus::Where at;   ///< where
  std::string label;  ///< of the statement; empty: none
  const litmus::Operation* operation = nullptr;  ///< nullptr: a branch

  // Of an operation; those that its word asks for.
  model::ProcessId process = 0;  ///< whose page
  model::PageNo page = 0;
  std::uint32_t pages = 1;
  model::ProcessId other_process = 0;
  model::PageNo other = 0;
  model::ReferenceId reference = 0;
  std::uint32_t signal = 0;
  model::ProcessId child = 0;
  std::optional<std::uint32_t> result;  ///< the register

  // Of a branch.
  std::uint32_t reg = 0;
  bool equal = true;
  model::Value value = 0;
  std::uint32_t otherwise = 0;  ///< where to go on if it is not so
};

/// A thread. Its repetitions are written out, so that its place is one number.
struct ThreadPlan {
  std::string name;  ///< "C", or "C.device" where the process has several threads
  model::ProcessId process = 0;
  std::uint32_t cpu = 0;
  std::vector<Instruction> code;
};

/// A condition's atom with its names looked up. What it comes to in a run is one number.
struct Quantity {
  std::string text;  ///< what stands before a histogram's `=`: "C:r", "coherent(p)"
  const litmus::Atom* atom = nullptr;
  std::uint32_t reg = 0;
  model::ProcessId process = 0;
  model::PageNo page = 0;
  std::uint32_t pages = 1;
  model::ProcessId other_process = 0;
  model::PageNo other = 0;
  model::ReferenceId reference = 0;
};

/// What a register or a byte holds that cannot be read: the process was killed, or nothing is
/// mapped there.
inline constexpr std::uint64_t kUnreadable = ~std::uint64_t{0};

struct Plan {
  const litmus::Test* test = nullptr;  ///< must live as long as the plan
  model::Setup setup;
  std::vector<std::string> page_names;
  std::vector<std::string> processes;
  std::vector<std::string> signals;
  std::vector<std::string> registers;
  std::vector<std::string> references;
  std::vector<ThreadPlan> threads;
  std::vector<Quantity> quantities;  ///< each different atom of the condition once
};

/// Fails where the model has no such start: with the page, and why.
tl::expected<Plan, litmus::Diagnostic> plan(const litmus::Test& test);

/// Whether the condition holds where the plan's quantities come to `answers`.
bool holds(const litmus::Condition& condition, const Plan& plan,
           const std::vector<std::uint64_t>& answers);

}  // namespace lab::judge
