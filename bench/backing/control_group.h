// A memory control group with a swap file, for what the kernel makes of too little memory.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include <cleave/units.h>

namespace cleave::bench {

/// A control group of a name of its own, and a swap file; both go at the end. Root alone can make
/// them; version 1 and 2 of control groups are understood.
class ControlGroup {
 public:
  /// `memory`: what its processes may have together; `swap`: the size of the file, in `folder`.
  /// Nullopt: it cannot be made here; `why` says why.
  static std::optional<ControlGroup> make(ByteCount memory, ByteCount swap,
                                          const std::string& folder, std::string& why);
  ControlGroup(ControlGroup&& other) noexcept;
  ControlGroup& operator=(ControlGroup&&) = delete;
  /// Precondition: no process is in it any more.
  ~ControlGroup();

  /// The calling process is in it from now on.
  void enter() const;

 private:
  ControlGroup(std::string group, std::string file);
  std::string group_;
  std::string file_;
};

}  // namespace cleave::bench
