// Starts sandboxes and sees them end.
#pragma once

#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "lab/kernel/process/sandbox.h"
#include "lab/kernel/references/fuse.h"

namespace lab::kernel {

/// A sandbox that runs a test, beside this process. What was seen is in the shared state when it
/// has ended, and all processes that took part have ended then. They also end if this process is
/// killed.
class Launched {
 public:
  /// Begins to run the test, which with `shared` must outlive the result. `folder` is for what has
  /// to be mounted, which no other process sees.
  static tl::expected<Launched, std::string> start(CompiledTest& compiled, SharedState& shared,
                                                   const Effort& effort, const std::string& folder);
  Launched(Launched&& other) noexcept;
  Launched& operator=(Launched&&) = delete;
  /// Ends it, if it has not ended.
  ~Launched();

  /// A descriptor that poll(2) finds readable as soon as the sandbox has ended.
  [[nodiscard]] int ended() const { return pidfd_; }
  /// It takes longer than any effort explains.
  [[nodiscard]] bool late() const { return Clock::now() >= latest_; }
  /// Of one that has ended; one that has not is killed. The error is for a person: the sandbox
  /// could not be set up, failed, or was late.
  tl::expected<void, std::string> finish();

 private:
  using Clock = std::chrono::steady_clock;
  struct UnmapFiles {
    std::size_t count;
    void operator()(FuseFile* files) const;
  };
  using Files = std::unique_ptr<FuseFile, UnmapFiles>;

  Launched(SharedState& shared, const Effort& effort, Files files);

  SharedState& shared_;
  Files files_;  ///< by reference
  Clock::time_point latest_;
  int launcher_ = -1;  ///< the sandbox' parent; -1: it was waited for
  int pidfd_ = -1;
};

}  // namespace lab::kernel
