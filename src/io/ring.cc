#include <limits>

#include <cleave/ring.h>

#include "base/check.h"
#include "base/fail.h"
#include "base/handle_access.h"
#include "io/engine.h"
#include "space/space_state.h"
#include "sync/memory.h"

namespace cleave {
using namespace detail;

namespace {

Result<void> check(const RingOptions& o) {
  const bool good = o.block.value >= kPageSize && o.block.value <= std::uint64_t{1} << 30 &&
                    o.block.value % kPageSize == 0 && o.depth >= 1 && o.depth <= 64 &&
                    o.requests >= 1 && o.requests <= 4096 && o.most_bytes_per_request > 0;
  if (!good)
    return fail(
        Errc::bad_argument,
        "a block, depth, requests or most_bytes_per_request of RingOptions is out of range");
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

// Registered buffers are the memory of one pool.
Result<void> check_pool(const Engine& engine, const Space& space) {
  if (!engine.is_here()) return not_here();
  if (&HandleAccess::state(space).frames == &engine.frames()) return {};
  return fail(Errc::bad_argument, "the space and the ring come from different pools");
}

void end(Engine* engine) noexcept {
  if (engine != nullptr && engine->is_here()) sync::destroy(engine);
}

}  // namespace

Result<Ring> Ring::create(const Pool& pool, RingOptions options) {
  Frames& frames = HandleAccess::state(pool);
  if (!frames.is_here()) return not_here();
  if (auto good = check(options); !good) return tl::unexpected(good.error());
  Engine* engine = sync::make<Engine>(options, frames);
  if (engine == nullptr) return fail(Errc::no_memory, "out of memory allocating a ring");
  Ring ring(engine);
  if (auto opened = engine->open(); !opened) return tl::unexpected(opened.error());
  return ring;
}

Ring& Ring::operator=(Ring&& other) noexcept {
  end(std::exchange(engine_, std::exchange(other.engine_, nullptr)));
  return *this;
}

Ring::~Ring() { end(engine_); }

Engine& Ring::engine() const noexcept {
  CLEAVE_CHECK(engine_ != nullptr, "use of a moved-from Ring");
  return *engine_;
}

Result<TransferId> Ring::start_read(Space& space, Address to, int descriptor, std::uint64_t offset,
                                    ByteCount bytes) {
  if (auto same = check_pool(engine(), space); !same) return tl::unexpected(same.error());
  if (auto good = check_ends(to, offset, bytes); !good) return tl::unexpected(good.error());
  auto target = Target::of(descriptor);
  if (!target) return tl::unexpected(target.error());
  return engine().start({Transfer::Direction::in, space.share(), to, offset, bytes.value,
                         std::nullopt, std::move(*target)});
}

Result<TransferId> Ring::start_write(Space& space, Address from, int descriptor,
                                     std::uint64_t offset, ByteCount bytes,
                                     Consistency consistency) {
  if (auto same = check_pool(engine(), space); !same) return tl::unexpected(same.error());
  if (auto good = check_ends(from, offset, bytes); !good) return tl::unexpected(good.error());
  auto target = Target::of(descriptor);
  if (!target) return tl::unexpected(target.error());
  Transfer::Request request{Transfer::Direction::out, {}, from, offset, bytes.value, {},
                            std::move(*target)};
  if (consistency == Consistency::coherent || bytes == 0) {
    request.space.emplace(space.share());
  } else {
    auto held = space.hold(from, bytes);
    if (!held) return tl::unexpected(held.error());
    request.hold.emplace(std::move(*held));
  }
  return engine().start(std::move(request));
}

std::optional<Completion> Ring::poll() {
  if (!engine().is_here()) return std::nullopt;
  engine().go_on();
  return engine().take_finished();
}

std::optional<Completion> Ring::wait() {
  if (!engine().is_here()) return std::nullopt;
  for (;;) {
    if (auto finished = engine().take_finished()) return finished;
    if (engine().is_idle()) return std::nullopt;
    engine().wait();
  }
}

Result<ByteCount> Ring::wait_for(TransferId id) {
  if (!engine().is_here()) return not_here();
  for (;;) {
    if (auto finished = engine().take_finished(id)) return finished->result;
    CLEAVE_CHECK(!engine().is_idle(),
                 "wait_for() of a transfer that is not in flight, or whose completion was taken");
    engine().wait();
  }
}

bool Ring::cancel(TransferId id) { return engine().is_here() && engine().cancel(id); }

std::size_t Ring::in_flight() const { return engine().in_flight(); }

ByteCount Ring::registered() const { return engine().registered(); }

Result<ByteCount> read_file(Ring& ring, Space& space, Address to, int descriptor,
                            std::uint64_t offset, ByteCount bytes) {
  const auto id = ring.start_read(space, to, descriptor, offset, bytes);
  if (!id) return tl::unexpected(id.error());
  return ring.wait_for(*id);
}

Result<ByteCount> write_file(Ring& ring, Space& space, Address from, int descriptor,
                             std::uint64_t offset, ByteCount bytes, Consistency consistency) {
  const auto id = ring.start_write(space, from, descriptor, offset, bytes, consistency);
  if (!id) return tl::unexpected(id.error());
  return ring.wait_for(*id);
}

}  // namespace cleave
