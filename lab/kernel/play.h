// A test made ready to be played by real processes: what all of them know from before the first fork.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "lab/kernel/board.h"
#include "lab/kernel/fuse.h"
#include "lab/kernel/layout.h"
#include "lab/kernel/means.h"
#include "lab/kernel/sight.h"

namespace lab::kernel {

/// What a test needs of the system, besides processes and memory.
struct Needs {
  bool swap = false;
  bool group = false;  ///< a memory control group of its own, to have shared pages reclaimed
  bool ksm = false;
  bool split = false;       ///< the debug file that splits large folios
  bool soft_dirty = false;  ///< soft-dirty bits in page tables
  std::uint32_t huge_pages = 0;
  bool hugetlb = false;
};

struct Play {
  judge::Plan plan;
  std::vector<Spot> spots;  ///< by page number
  std::vector<Use> uses;    ///< by reference
  Needs needs;
  bool ordered = false;
  std::vector<model::PageNo> copied;  ///< pages whose copies are asked for
  std::vector<bool> read;             ///< by page number: the condition asks for what is in it
  /// What the kernel may refuse while the condition does not ask whether it did: at most 64, of the plan's.
  std::vector<const judge::Instruction*> watched;

  // Given by who sets the stage.
  std::string swap_file;
  std::string group;
  std::string reclaim;       ///< the group's file by which all of it is reclaimed
  FuseFile* fuse = nullptr;  ///< by reference; those that need none are idle
};

/// The error says why the test cannot be played on a running kernel, whatever the system has.
tl::expected<Play, std::string> play_of(const litmus::Test& test);

/// Puts the first process' pages where the test begins. The error is for a person.
tl::expected<void, std::string> lay_out_pages(const Play& play);

/// Has KSM scan until both addresses of this process have one frame, or for some whole scans. Whether they have; nothing:
/// it did not come round in time. `other`: nullptr, where it is another process'; then it is enough that the page was
/// merged with any.
std::optional<bool> merge_pages(const void* one, const void* other);
/// Turns swap on, before all other swap there may be. False, with errno: EBUSY where it is on already.
bool swap_on(const std::string& path);
/// Huge pages of the pool that are neither used nor promised to anybody.
std::uint64_t free_huge_pages();
/// Tests count the pool's free pages: takes all but so many until this process ends, and not its children. False: not to
/// be had.
bool hold_huge_pages(std::uint64_t but);
/// Has the page at `address` reclaimed: by itself, and else with all of this process' control group.
bool swap_out(const Play& play, char* address, std::size_t bytes);
/// Has page table entries take the place of one huge entry. The mapping ends as it was.
bool split_pmd(char* address);
/// Pages that wait in batches for the lists of reclaim get there: the batches' references are gone.
void drain_batches();

}  // namespace lab::kernel
