// Frames on their way into packs: a thread beside the caller's compresses them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include <cleave/image/id.h>

#include "image/format/frame.h"
#include "sync/bare_mutex.h"
#include "sync/own_thread.h"

namespace cleave::detail::image {

/// Objects that become one frame.
struct OpenFrame {
  Bytes plain;
  std::vector<std::uint32_t> sizes;
  std::vector<ImageId> ids;
  [[nodiscard]] bool has_room_for(View object) const;
  void add(const ImageId& id, View object);
};

/// First in, first out. Few frames are compressed by the thread that takes them. With more, a
/// thread of ours begins: it knows nothing of packs and stores, so that whoever pushes is the only
/// one that asks these; and where none can be had, nothing changes but the time that it takes.
/// Used by one thread. Memory: 8 MiB of objects and a frame, and as much again for what of them is
/// compressed, which may be no smaller; and what compressing takes, some MiB for each thread.
class FramePipeline {
 public:
  struct Item {
    unsigned part = 0;  ///< the caller's
    OpenFrame open;
    Bytes encoded;
  };

  FramePipeline() = default;
  FramePipeline(const FramePipeline&) = delete;
  FramePipeline& operator=(const FramePipeline&) = delete;
  /// What was not taken is lost. In a child of fork(2), where our thread is not, nothing is done:
  /// its copy stays.
  ~FramePipeline();

  // Both throw std::bad_alloc. In a child of fork(2) they go on without a thread.

  void give(unsigned part, OpenFrame open);
  /// The oldest, encoded. Not `all`: only while it is ready, or there are too many. Nothing: there
  /// is none.
  std::optional<Item> take(bool all);

 private:
  enum class State : std::uint8_t { waiting, in_hand, encoded, refused };
  struct Frame {
    Item item;
    State state = State::waiting;
  };
  struct Queue {
    sync::bare_mutex lock;
    sync::bare_condition changed;
    // A frame in hand is the thread's alone, but for its state.
    std::deque<Frame> frames CLEAVE_GUARDED_BY(lock);
    bool is_ending CLEAVE_GUARDED_BY(lock) = false;
  };

  [[nodiscard]] bool is_in_a_child() const noexcept;
  void go_on_alone();
  void start() noexcept;
  static void* run(void* queue) noexcept;
  [[nodiscard]] static Frame* next(Queue& queue) noexcept;

  FrameEncoder encoder_;
  std::unique_ptr<Queue> queue_ = std::make_unique<Queue>();
  std::uint64_t plain_ = 0;  // bytes of frames that were given and not taken
  bool was_started_ = false;
  std::optional<sync::OwnThread> thread_;
  pid_t process_ = 0;
};

}  // namespace cleave::detail::image
