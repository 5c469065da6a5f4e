#include "image/objects/frame_pipeline.h"

#include <unistd.h>

#include <algorithm>
#include <new>
#include <utility>

#include "base/uncancelled.h"

namespace cleave::detail::image {
namespace {

/// Fewer are compressed in the time that a thread takes to start and to end.
constexpr std::size_t kWorthAThread = 16;
/// As many as are compressed while the caller writes a pack: 8 MiB.
constexpr std::size_t kMostFrames = 128;

}  // namespace

bool OpenFrame::has_room_for(View object) const {
  return sizes.empty() ||
         (sizes.size() < kMostInFrame && plain.size() + object.size() <= kMostFrame);
}

void OpenFrame::add(const ImageId& id, View object) {
  plain.insert(plain.end(), object.begin(), object.end());
  sizes.push_back(static_cast<std::uint32_t>(object.size()));
  ids.push_back(id);
}

FramePipeline::~FramePipeline() {
  if (!thread_) return;
  if (getpid() != process_) {
    (void)queue_.release();  // the thread that is not here may have had its lock
    return;
  }
  {
    const sync::BareGuard guard(queue_->lock);
    queue_->is_ending = true;
  }
  queue_->changed.notify_all();
  thread_->join();
}

void FramePipeline::give(unsigned part, OpenFrame open) {
  std::size_t count = 0;
  {
    const sync::BareGuard guard(queue_->lock);
    queue_->frames.push_back({{part, std::move(open), {}}});
    count = queue_->frames.size();
  }
  if (thread_) {
    queue_->changed.notify_all();
  } else if (count >= kWorthAThread && !std::exchange(was_started_, true)) {
    start();
  }
}

void FramePipeline::start() noexcept {
  process_ = getpid();
  if (auto started = sync::OwnThread::start("cleave-pack", run, queue_.get())) thread_ = *started;
}

std::optional<FramePipeline::Item> FramePipeline::take(bool all) {
  const Uncancelled here;
  Frame frame;
  {
    const sync::BareGuard guard(queue_->lock);
    std::deque<Frame>& frames = queue_->frames;
    if (frames.empty()) return std::nullopt;
    const std::size_t most = was_started_ && !thread_ ? 0 : kMostFrames;
    if (!all && frames.front().state != State::encoded && frames.size() <= most) {
      return std::nullopt;
    }
    while (frames.front().state == State::in_hand) queue_->changed.wait(queue_->lock);
    frame = std::move(frames.front());
    frames.pop_front();
  }
  if (frame.state != State::encoded) {
    frame.item.encoded = encoder_.encode(frame.item.open.plain, frame.item.open.sizes);
  }
  return std::move(frame.item);
}

// The first that nobody has in hand; null: it is the end.
FramePipeline::Frame* FramePipeline::next(Queue& queue) noexcept {
  const sync::BareGuard guard(queue.lock);
  for (;;) {
    if (queue.is_ending) return nullptr;
    const auto found = std::ranges::find(queue.frames, State::waiting, &Frame::state);
    if (found != queue.frames.end()) {
      found->state = State::in_hand;
      return &*found;
    }
    queue.changed.wait(queue.lock);
  }
}

// Where there is no memory, the caller tries itself, and is told.
void* FramePipeline::run(void* given) noexcept {
  Queue& queue = *static_cast<Queue*>(given);
  std::optional<FrameEncoder> encoder;
  while (Frame* const frame = next(queue)) {
    State state = State::encoded;
    try {
      if (!encoder) encoder.emplace();
      frame->item.encoded = encoder->encode(frame->item.open.plain, frame->item.open.sizes);
    } catch (const std::bad_alloc&) {
      state = State::refused;
    }
    {
      const sync::BareGuard guard(queue.lock);
      frame->state = state;
    }
    queue.changed.notify_all();
  }
  return nullptr;
}

}  // namespace cleave::detail::image
