// One number for all that the program's memory holds.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "adapters/program/memory/run_table.h"
#include "adapters/program/state/members.h"

namespace cleave::program {

/// Of every byte under the commits, but the few in which the kernel keeps the number of the
/// processor that the thread runs on (rseq(2)). Pages of zeroes count as much as none.
/// `protections`: what is not readable and writable. Nothing: /proc cannot be read.
std::optional<std::uint64_t> hash_of(const Members& members,
                                     const std::vector<AddressRun>& protections);

}  // namespace cleave::program
