// Background reclaim: a thread has pages go before others run out of memory. (kswapd)
//
// Without it whoever finds no free slot makes room itself (direct reclaim, Away::make_room), as it
// still does where this falls behind.
#pragma once

#include <optional>

#include <cleave/error.h>
#include <cleave/pool.h>

#include "frames/away/watermarks.h"
#include "sync/mutex.h"
#include "sync/own_thread.h"

namespace cleave::detail {

class Away;

class Background {
 public:
  explicit Background(Away& away) noexcept : away_(away) {}
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  Watermarks marks;

  /// As Pool::reclaim(), between begin() and end(): on the calling thread, until marks.stop().
  /// Errors: bad_argument, already_exists.
  Result<void> begin(const ReclaimMarks& wanted) noexcept;
  void run() noexcept;
  void end() noexcept { marks.end(); }

  /// As Pool::start_reclaim() and Pool::stop_reclaim().
  Result<void> start(const ReclaimMarks& wanted) noexcept;
  void stop() noexcept;

 private:
  /// Has pages go until `high` slots are free. False: it was in vain.
  [[nodiscard]] bool free_some() noexcept;

  Away& away_;
  /// In slots. Written between begin() and the thread's start, by who has begun.
  std::uint64_t high_ = 0;

  /// Held while the thread starts and ends. Taken before every other lock of the pool; the thread
  /// does not take it.
  sync::mutex lock_;
  std::optional<sync::OwnThread> thread_ CLEAVE_GUARDED_BY(lock_);
};

}  // namespace cleave::detail
