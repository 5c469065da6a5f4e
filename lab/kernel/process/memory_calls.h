// Calls by which a process lays out its memory, and has the kernel do to it what it does by itself.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "lab/kernel/test/compiled_test.h"

namespace lab::kernel {

/// Puts the first process' pages where the test begins. The error is for a person.
tl::expected<void, std::string> lay_out_pages(const CompiledTest& compiled);

/// The value into both halves of each small page.
void fill(char* from, std::size_t bytes, std::uint64_t value);
/// Has KSM scan until both addresses of this process have one frame, or for some whole scans.
/// Whether they have; nothing: it did not come round in time. `other`: nullptr, where it is another
/// process'; then it is enough that the page was merged with any.
std::optional<bool> merge_pages(const void* one, const void* other);
/// Turns swap on, before all other swap there may be. False, with errno: EBUSY where it is on
/// already.
bool swap_on(const std::string& path);
/// Huge pages of the pool that are neither used nor reserved.
std::uint64_t free_huge_pages();
/// Tests count the pool's free pages: takes all but so many until this process ends, and not its
/// children. False: not to be had.
bool hold_huge_pages(std::uint64_t but);
/// Has the page at `address` reclaimed: by itself, and else with all of this process' control
/// group. Nothing: not without what one of the `others` of the test has given up of its own.
std::optional<bool> swap_out(const CompiledTest& compiled, char* address, std::size_t bytes,
                             const std::vector<pid_t>& others);
/// Swapped, or discarded, or never there: no frame is mapped.
bool is_absent(const char* address, std::size_t bytes);
/// Whether one huge entry maps it.
bool is_mapped_whole(const char* address);
/// Has page table entries take the place of one huge entry. The mapping ends as it was.
bool split_pmd(char* address);
/// KSM may look at the pages, when it runs.
void allow_merging(const Placement& place);
/// What /proc calls this process. 0: it cannot be read.
pid_t listed_pid();
/// The same of the calling thread.
int listed_thread();
/// Pages that wait in batches for the lists of reclaim get there: the batches' references are gone.
void drain_batches();

}  // namespace lab::kernel
