// The program's descriptors: which there are, where those of files stand, and what the kernel knows
// of the others.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "adapters/program/kept/kept_file.h"
#include "adapters/program/kept/proc.h"
#include "adapters/program/kept/told.h"

namespace cleave::program {

struct Descriptor {
  int number;
  std::string what;   ///< as OpenDescriptor has it
  int flags;          ///< FD_CLOEXEC or none
  int status;         ///< O_APPEND, O_NONBLOCK and so on
  std::string known;  ///< what else the kernel says of it: counts, locks, watches
  int waiting;        ///< bytes in a pipe both of whose ends are the program's
  std::shared_ptr<const KeptFile> kept;  ///< of what has an offset; else null
  std::int64_t offset;
  std::int64_t size;
  timespec changed;
};

/// All of them at one moment.
class Descriptors {
 public:
  /// `open`: those that there are now. `before`: an earlier moment, with which it shares what has
  /// not changed; or null. The error says why they cannot be kept.
  static tl::expected<Descriptors, std::string> now(const std::vector<OpenDescriptor>& open,
                                                    const Descriptors* before);
  /// Makes them so again, where there are those of `open` now; what cannot be is told.
  void restore(const std::vector<OpenDescriptor>& open, Told& told) const;

 private:
  [[nodiscard]] const Descriptor* find(int number) const;
  void close_others(const std::vector<OpenDescriptor>& open, Told& told) const;

  std::vector<Descriptor> all_;
};

}  // namespace cleave::program
