// What each branch must hold, told without the engine: a chain of edits that leads back to the
// file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace cleave::demo::space {

struct Edit;
/// A branch at one moment: its last edit, and with it all earlier ones, its ancestors' included.
/// nullptr: the file. To fork or to snapshot is to copy the moment; to roll back, to return to it.
using Moment = std::shared_ptr<const Edit>;

struct Edit {
  Moment before;
  std::uint64_t offset;
  std::vector<std::byte> bytes;
};

/// A plain copy of the file, on which moments are replayed.
class Replay {
 public:
  /// `file` must stay as it is.
  explicit Replay(std::span<const std::byte> file) : file_(file), copy_(file.begin(), file.end()) {}

  /// The whole content at `moment`, until the next call.
  std::span<const std::byte> at(const Moment& moment);

 private:
  std::span<const std::byte> file_;
  std::vector<std::byte> copy_;
  Moment shown_;
};

}  // namespace cleave::demo::space
