// What the kernel has of the program beside its memory, and which of it no commit can hold.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "adapters/program/kept/proc.h"
#include "adapters/program/kept/told.h"
#include "adapters/program/state/members.h"

namespace cleave::program {

/// Finds it by asking the kernel, however it came to be: by the C library's functions, inside of
/// the C library, or by system calls alone.
class Census {
 public:
  /// What is mapped now beside the members is this library's. Nothing: /proc cannot be read.
  static std::optional<Census> of(const Members& members);

  /// What a checkout will leave as it is; or the sentence that says why neither a commit nor a
  /// checkout can be right now.
  [[nodiscard]] tl::expected<Told, std::string> take(const Proc& proc) const;

 private:
  explicit Census(const Members& members) : members_(&members) {}
  void tell_memory(const std::vector<KernelMap>& maps, Told& told) const;

  const Members* members_;
  std::vector<std::pair<std::uintptr_t, std::uintptr_t>> own_;
};

}  // namespace cleave::program
