// A test made ready to be run by real processes: what all of them know from before the first fork.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "lab/kernel/test/gup_method.h"
#include "lab/kernel/test/layout.h"

namespace lab::kernel {

struct FuseFile;

/// What a test needs of the system, besides processes and memory.
struct Requirements {
  bool swap = false;
  bool group = false;  ///< a memory control group of its own, to have shared pages reclaimed
  bool ksm = false;
  bool split = false;       ///< the debug file that splits large folios
  bool soft_dirty = false;  ///< soft-dirty bits in page tables
  std::uint32_t huge_pages = 0;
  bool hugetlb = false;
};

struct CompiledTest {
  judge::Plan plan;
  std::vector<Placement> placements;         ///< by page number
  std::vector<ReferenceUse> reference_uses;  ///< by reference
  Requirements requirements;
  bool ordered = false;
  std::vector<model::PageNo> copied;  ///< pages whose copies are asked for
  std::vector<bool> read;             ///< by page number: the condition asks for what is in it
  /// What the kernel may refuse while the condition does not ask whether it did: at most 64, of the
  /// plan's.
  std::vector<const judge::Instruction*> watched;

  // Filled in by System::prepare() and run_test().
  std::string swap_file;
  std::string group;
  std::string reclaim;       ///< the group's file by which all of it is reclaimed
  FuseFile* fuse = nullptr;  ///< by reference; those that need none are idle
};

/// The error says why the test cannot be run on a running kernel, whatever the system has.
tl::expected<CompiledTest, std::string> compile(const litmus::Test& test);

}  // namespace lab::kernel
