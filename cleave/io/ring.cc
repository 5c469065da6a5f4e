#include "cleave/io/ring.h"

#include <limits>

#include "cleave/base/check.h"
#include "cleave/io/engine.h"
#include "cleave/sync/memory.h"

namespace cleave {

/// A name of its own keeps io_uring out of the public header.
struct Ring::State : Engine {
  using Engine::Engine;
};

namespace {

Result<void> check(const RingOptions& o) {
  const bool good = o.block.value >= kPageSize && o.block.value <= std::uint64_t{1} << 30 &&
                    o.block.value % kPageSize == 0 && o.depth >= 1 && o.depth <= 64 &&
                    o.requests >= 1 && o.requests <= 4096 && o.most_bytes_per_request > 0;
  if (!good) return fail(Errc::bad_argument, "an option of the ring is out of its range");
  return {};
}

Result<void> check_ends(Address at, std::uint64_t offset, ByteCount bytes) {
  constexpr std::uint64_t kSpace = std::uint64_t{1} << kAddressBits;
  constexpr std::uint64_t kFile = std::numeric_limits<std::int64_t>::max();
  if (raw(at) > kSpace || bytes.value > kSpace - raw(at)) {
    return fail(Errc::bad_argument, "the range ends beyond 2^48, where a space ends", at);
  }
  if (offset > kFile || bytes.value > kFile - offset) {
    return fail(Errc::bad_argument, "the offset is beyond what a file can hold", at);
  }
  return {};
}

}  // namespace

Result<Ring> Ring::create(Pool& pool, RingOptions options) {
  if (auto good = check(options); !good) return tl::unexpected(good.error());
  State* state = sync::make<State>(options);
  if (state == nullptr) return fail(Errc::no_memory, "malloc has no memory for a ring");
  Ring ring(state);
  if (auto opened = state->open(pool.frames()); !opened) return tl::unexpected(opened.error());
  return ring;
}

Ring::~Ring() { sync::destroy(state_); }

Result<Token> Ring::start_read(Space& space, Address to, int descriptor, std::uint64_t offset,
                               ByteCount bytes) {
  if (auto good = check_ends(to, offset, bytes); !good) return tl::unexpected(good.error());
  auto target = Target::of(descriptor);
  if (!target) return tl::unexpected(target.error());
  return state_->start({Transfer::Direction::in, space.another_handle(), to, offset, bytes.value,
                        std::nullopt, std::move(*target)});
}

Result<Token> Ring::start_write(Space& space, Address from, int descriptor, std::uint64_t offset,
                                ByteCount bytes, View view) {
  if (auto good = check_ends(from, offset, bytes); !good) return tl::unexpected(good.error());
  auto target = Target::of(descriptor);
  if (!target) return tl::unexpected(target.error());
  Transfer::Request request{Transfer::Direction::out, {}, from, offset, bytes.value, {},
                            std::move(*target)};
  if (view == View::coherent || bytes == 0) {
    request.space.emplace(space.another_handle());
  } else {
    auto held = space.hold(from, bytes);
    if (!held) return tl::unexpected(held.error());
    request.hold.emplace(std::move(*held));
  }
  return state_->start(std::move(request));
}

std::optional<Completion> Ring::poll() {
  state_->go_on();
  return state_->take_finished();
}

std::optional<Completion> Ring::wait() {
  for (;;) {
    if (auto finished = state_->take_finished()) return finished;
    if (state_->is_idle()) return std::nullopt;
    state_->wait();
  }
}

Result<ByteCount> Ring::wait_for(Token token) {
  for (;;) {
    if (auto finished = state_->take_finished(token)) return finished->result;
    CLEAVE_CHECK(!state_->is_idle(), "a completion was waited for that cannot come");
    state_->wait();
  }
}

bool Ring::cancel(Token token) { return state_->cancel(token); }

std::size_t Ring::in_flight() const { return state_->in_flight(); }

ByteCount Ring::registered() const { return state_->registered(); }

}  // namespace cleave
