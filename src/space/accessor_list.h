// The accessors of one space, and how translations are revoked from them.
#pragma once

#include <cleave/detail/section.h>
#include <cleave/detail/stamps.h>
#include <cleave/units.h>

#include "base/plain.h"
#include "frames/frames.h"
#include "sync/thread.h"
#include "table/retired.h"

namespace cleave::detail {

/// One accessor as its space sees it.
struct Participant {
  explicit Participant(sync::Section& of_accessor) noexcept : section(of_accessor) {}

  sync::Section& section;
  sync::ThreadToken thread = sync::this_thread();  // who uses the accessor
  plain<Participant*> next;                        // guarded by the space's lock, like all below
  Participant* previous = nullptr;
  bool was_inside = false;   // at the heavy fence after which the aging references may be dropped
  bool was_looking = false;  // at the heavy fence after which frozen frames may go
};

/// Every function needs the space's lock; `stamps` says what may be read without it.
///
/// Revoking: the caller's own accessors are never waited for, since a thread that is here is not
/// inside a section. Others are waited for only as long as one access takes, or
/// the pins of one stride (pins/pin_builder.h).
class AccessorList {
 public:
  /// With no accessor yet, in memory that a child of fork(2) finds wiped: stamps start above zero,
  /// so that no translation holds there, and every access comes to where it is refused. nullptr: no
  /// memory.
  static AccessorList* make() noexcept;
  static void end(AccessorList* list) noexcept;

  Stamps stamps;

  void attach(Participant& member) noexcept;
  /// Drops all retired references when no accessor is left to read through them.
  void detach(Participant& member, Frames& frames) noexcept;

  /// No thread may write through an old translation when this returns, nor get a new one before
  /// resume(). Reading goes on. For forks. Cost: an atomic exchange; a membarrier and a wait if
  /// another thread has been writing for a while.
  void revoke_writers() noexcept;
  /// No thread may read or write through an old translation, nor get a new one before resume(). For
  /// changes of regions and removal of pages. Drops what was retired: no thread can be reading
  /// through it. Cost: a membarrier if another thread has an accessor.
  void revoke_all(Frames& frames) noexcept;
  void resume() noexcept;

  // For frames that go (frames/away/notifiers.h).
  /// Nothing that is remembered holds any more. Nobody is stopped: who comes by takes a new look.
  void invalidate() noexcept;
  void note_looking() noexcept;
  [[nodiscard]] bool is_looking() noexcept;

  /// Around anything that may give `page` another frame. Between the two no accessor remembers
  /// where it is, or relies on what was remembered; afterwards all look again. No thread is waited
  /// for: the old frame lives until retire() lets it go.
  void begin_move(PageNo page) noexcept;
  void commit_move(PageNo page) noexcept;
  /// Instead of commit_move(): what was remembered still holds.
  void abort_move(PageNo page) noexcept;

  /// Takes over references that a write replaced, and drops them once no section can be using them:
  /// at once if only the calling thread has accessors, else a batch later.
  void retire(Retired& retired, Frames& frames) noexcept;

  /// Drops everything retired, now. False: there was nothing.
  bool drain_retired(Frames& frames) noexcept;

  /// Calls `visit(Entry)` for each reference that was retired and not dropped yet.
  template <class Visit>
  void for_each_retired(Visit visit) const {
    for (const Entry entry : retired_.aging) visit(entry);
    for (const Entry entry : retired_.gathering) visit(entry);
  }

 private:
  template <class Visit>
  void for_others(Visit visit) const {
    const sync::ThreadToken self = sync::this_thread();
    for (Participant* p = participants_.get(); p != nullptr; p = p->next.get()) {
      if (p->thread != self) visit(*p);
    }
  }
  [[nodiscard]] bool has_others() const;
  void start_aging() noexcept;
  void finish_aging(Frames& frames) noexcept;

  // Two batches: while one gathers, the sections that could use the other end by themselves, so
  // that a write seldom waits for a reader that was preempted. A heavy fence is paid once a batch.
  static constexpr std::size_t kBatch = sync::kExplored ? kMostRetiredByOneWrite : 256;
  using Batch = RetiredUpTo<kBatch + kMostRetiredByOneWrite>;

  struct Batches {
    Batch gathering;
    Batch aging;
  };

  explicit AccessorList(Batches& retired) noexcept : retired_(retired) {}

  plain<Participant*> participants_;
  /// The write stamp has changed without a heavy fence since: sections that are light under another
  /// one may not have seen it.
  bool fence_due_ = false;
  Batches& retired_;
};

}  // namespace cleave::detail
