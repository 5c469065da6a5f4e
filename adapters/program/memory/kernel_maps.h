// What the kernel has mapped in this process, as /proc/self/maps tells.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cleave::program {

struct KernelMap {
  std::uintptr_t first;
  std::uintptr_t end;
  bool readable;
  bool writable;
  bool executable;
  bool shared;
  std::uint64_t inode;  ///< 0: anonymous
  std::string path;     ///< empty: anonymous; "[stack]" and the like are the kernel's words
};

/// In order of address; nothing: /proc cannot be read.
std::optional<std::vector<KernelMap>> kernel_maps();

}  // namespace cleave::program
