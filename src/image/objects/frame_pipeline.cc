#include "image/objects/frame_pipeline.h"

#include <unistd.h>

#include <algorithm>
#include <new>
#include <utility>

#include "base/uncancelled.h"

namespace cleave::detail::image {
namespace {

// In bytes, plain.

/// Less is compressed in the time that a thread takes to start and to end.
constexpr std::uint64_t kWorthAThread = std::uint64_t{1} << 20;
/// As much as is compressed while the caller writes a pack.
constexpr std::uint64_t kMostPlain = std::uint64_t{8} << 20;

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
  if (is_in_a_child()) {
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

bool FramePipeline::is_in_a_child() const noexcept { return thread_ && getpid() != process_; }

// The thread is not here, and may have had the lock. The list is whole, as it changes none, but for
// frames' states and what it has encoded: that is left behind, and done again.
void FramePipeline::go_on_alone() {
  auto alone = std::make_unique<Queue>();
  {
    const sync::BareGuard guard(alone->lock);
    queue_->lock.assume_held();  // by nobody who is here
    for (Frame& frame : queue_->frames) {
      alone->frames.push_back({{frame.item.part, std::move(frame.item.open), {}}});
    }
  }
  (void)queue_.release();
  queue_ = std::move(alone);
  thread_.reset();
}

void FramePipeline::give(unsigned part, OpenFrame open) {
  if (is_in_a_child()) go_on_alone();
  plain_ += open.plain.size();
  {
    const sync::BareGuard guard(queue_->lock);
    queue_->frames.push_back({{part, std::move(open), {}}});
  }
  if (thread_) {
    queue_->changed.notify_all();
  } else if (plain_ >= kWorthAThread && !std::exchange(was_started_, true)) {
    start();
  }
}

void FramePipeline::start() noexcept {
  process_ = getpid();
  if (auto started = sync::OwnThread::start("cleave-pack", run, queue_.get())) thread_ = *started;
}

std::optional<FramePipeline::Item> FramePipeline::take(bool all) {
  const Uncancelled here;
  if (is_in_a_child()) go_on_alone();
  Frame frame;
  {
    const sync::BareGuard guard(queue_->lock);
    std::deque<Frame>& frames = queue_->frames;
    if (frames.empty()) return std::nullopt;
    const std::uint64_t most = was_started_ && !thread_ ? 0 : kMostPlain;
    if (!all && frames.front().state != State::encoded && plain_ <= most) {
      return std::nullopt;
    }
    while (frames.front().state == State::in_hand) queue_->changed.wait(queue_->lock);
    frame = std::move(frames.front());
    frames.pop_front();
  }
  plain_ -= frame.item.open.plain.size();
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
