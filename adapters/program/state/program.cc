#include "adapters/program/state/program.h"

#include <sys/sysinfo.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <span>
#include <utility>

#include "adapters/program/kept/kept_file.h"
#include "adapters/program/kept/proc.h"
#include "adapters/program/kernel/rseq.h"
#include "adapters/program/memory/program_heap.h"
#include "adapters/program/state/hash.h"
#include "adapters/program/state/ranges.h"

namespace cleave::program {
namespace {

constinit Program* the_program = nullptr;

/// Commits can take as much as the machine has; what is never used costs nothing.
ByteCount budget() {
  struct sysinfo about {};
  constexpr std::uint64_t kLeast = std::uint64_t{1} << 30;
  if (sysinfo(&about) != 0) return kLeast;
  return std::max<std::uint64_t>(kLeast, std::uint64_t{about.totalram} * about.mem_unit);
}

// Short enough to need no memory.
tl::unexpected<std::string> no_memory() { return tl::unexpected(std::string("out of memory")); }

constexpr ByteCount kArea = std::uint64_t{16} << 30;

}  // namespace

Result<std::unique_ptr<Program>> Program::start() {
  (void)program_heap().get();
  const auto unknown = [] {
    return tl::unexpected(Error{Errc::unsupported, "/proc/self/maps cannot be read"});
  };
  const auto ranges = ranges_of_state();  // before there is anything of the engine's
  if (!ranges) return unknown();
  auto pool = Pool::create(budget());
  if (!pool) return tl::unexpected(pool.error());
  auto made = std::unique_ptr<Program>(new Program(std::move(*pool)));
  for (const std::span<std::byte> range : *ranges) {
    if (auto taken = made->members_.take_over(range); !taken) return tl::unexpected(taken.error());
  }
  auto area = made->members_.create(kArea);
  if (!area) return tl::unexpected(area.error());
  made->area_.emplace(**area);
  made->census_ = Census::of(made->members_);
  if (!made->census_) return unknown();
  return made;
}

void Program::rests_in(Frame* frame) {
  going_on_ = {frame, errno, area_->loading().dispatch, gs_base()};
  area_->loading().dispatch = 0;
}

Frame* Program::goes_on() {
  area_->loading().dispatch = going_on_.dispatch;
  errno = going_on_.error;
  if (gs_base() != going_on_.gs) set_gs_base(going_on_.gs);
  return going_on_.frame;
}

std::optional<std::uint64_t> Program::hash() {
  if (!hashes_) return std::nullopt;
  errno = 0;
  try {
    return hash_of(members_, area_->protections());
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
}

Answer Program::commit(const std::string& name) {
  try {
    return commit_or_throw(name);
  } catch (const std::bad_alloc&) {
    return no_memory();
  }
}

Answer Program::checkout(const SharedMoment& moment) {
  try {
    return checkout_or_throw(moment);
  } catch (const std::bad_alloc&) {
    return no_memory();
  }
}

// What may throw comes before the commit is made.
Answer Program::commit_or_throw(const std::string& name) {
  const auto proc = Proc::read();
  if (!proc) return tl::unexpected(proc.error());
  auto told = census_->take(*proc);
  if (!told) return tl::unexpected(std::move(told.error()));
  auto kernel = KernelState::now(*proc, head_ == nullptr ? nullptr : &head_->kernel);
  if (!kernel) return tl::unexpected(std::move(kernel.error()));
  moments_.make_room();
  const auto moment = std::make_shared<Moment>(
      Moment{moments_.next_number(), name, std::nullopt, std::move(*kernel)});
  auto made = members_.commit(std::as_bytes(std::span(&going_on_, 1)));
  if (!made) return tl::unexpected(made.error().message());
  moment->commit = std::move(*made);
  head_ = moments_.add(moment);
  return Outcome{head_, head_->commit->pages(), hash(), std::move(*told)};
}

// Once the memory has gone back, nothing throws.
Answer Program::checkout_or_throw(const SharedMoment& moment) {
  const auto proc = Proc::read();
  if (!proc) return tl::unexpected(proc.error());
  auto told = census_->take(*proc);
  if (!told) return tl::unexpected(std::move(told.error()));
  told->emplace_back(
      "memory ran out before limits, descriptors and the like were as they had been");
  const auto in_part = static_cast<std::ptrdiff_t>(told->size()) - 1;
  const std::vector<AddressRun> before = area_->protections();
  const std::uint64_t restored = members_.restored();
  {
    const ProcessorKept kept;
    if (auto done = members_.checkout(*moment->commit); !done)
      return tl::unexpected(done.error().message());
  }
  area_->protect_again(before);
  try {
    moment->kernel.restore(*proc, *told);
    told->erase(told->begin() + in_part);
  } catch (const std::bad_alloc&) {  // which is told
  }
  head_ = moment;
  std::memcpy(&going_on_, moment->commit->payload().data(), sizeof going_on_);
  area_->loading().dispatch = 0;
  return Outcome{head_, members_.restored() - restored, hash(), std::move(*told)};
}

bool Program::forget(const std::string& name) {
  const bool was_there = moments_.forget(name);
  KeptFile::close_unlocked();
  return was_there;
}

Program* program() noexcept { return the_program; }
void set_program(std::unique_ptr<Program> started) noexcept { the_program = started.release(); }

}  // namespace cleave::program
