// What the handles of one arena share: the arena itself and its pins.
#pragma once

#include <memory>
#include <span>

#include <cleave/arena.h>

#include "arena/joint/joint.h"
#include "arena/member/member.h"

namespace cleave::detail {

/// A member, and the joint that it belongs to from its making to its end.
class ArenaState final : public Member {
 public:
  /// `map` gives the memory, new or taken over. `joins` gives the joint; null: a new one.
  static Result<std::shared_ptr<ArenaState>> make(const Pool& pool,
                                                  function_ref<Result<Mapping>()> map,
                                                  const ArenaOptions& options,
                                                  const ArenaState* joins);
  /// Of what a snapshot holds, as Arena::restore().
  static Result<std::shared_ptr<ArenaState>> restore(const Snapshot& from,
                                                     const RestoreOptions& options);
  /// For make(): no tracker yet, and not admitted.
  ArenaState(std::shared_ptr<Joint> joint, Mapping&& mapping, Sets&& sets);
  ~ArenaState();
  ArenaState(const ArenaState&) = delete;
  ArenaState& operator=(const ArenaState&) = delete;

  [[nodiscard]] Joint& joint() const noexcept { return *joint_; }

  /// Puts missing pages in place; how many.
  Result<std::uint64_t> fetch(const void* at, ByteCount bytes) {
    return joint_->fetch(*this, at, bytes);
  }
  Result<ArenaPin> pin(const void* at, ByteCount bytes, PinAccess access, PinTerm term);
  /// The pin's bytes, which lie in the alias, are not the device's any more.
  void unpin(std::span<std::byte> bytes, PinAccess access, PinTerm term) noexcept;

 private:
  static Result<std::shared_ptr<ArenaState>> make_or_throw(const Pool& pool,
                                                           function_ref<Result<Mapping>()> map,
                                                           const ArenaOptions& options,
                                                           const ArenaState* joins);
  static Result<std::shared_ptr<ArenaState>> restore_or_throw(const Snapshot& from,
                                                              const RestoreOptions& options);

  const std::shared_ptr<Joint> joint_;
};

}  // namespace cleave::detail
