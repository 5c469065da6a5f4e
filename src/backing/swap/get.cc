// Pages from the disk: what lies together in one request, several requests at a time.

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <optional>

#include "backing/page.h"
#include "backing/swap/swap_file.h"
#include "base/fail.h"

namespace cleave::detail::backing {
namespace {

Error refused_to_read(int error) {
  if (error == AnonymousFile::kCutShort) {
    return {Errc::io, "the swap file has been cut short: its pages beyond that are lost"};
  }
  return {Errc::io,
          "the disk refused to read from the swap file; try again, or give the page up",
          {},
          error};
}

// What O_DIRECT wants of memory, at the most.
bool is_aligned(const std::byte* page) {
  return reinterpret_cast<std::uintptr_t>(page) % kPageSize == 0;
}

}  // namespace

Result<void> SwapFile::verify(std::uint64_t slot, const std::byte* page) const noexcept {
  if (checksum(page) == checksums_[slot]) return {};
  return fail(Errc::io,
              "the disk gave back other bytes than were written to the swap file (the checksum "
              "differs); try again, or give the page up");
}

Result<void> SwapFile::get(std::span<const Place> places, std::span<std::byte* const> into) {
  if (!memory_.is_here()) return backing_of_another_process();
  for (const Place place : places) {
    if (slot_of(place) >= slots_.count()) {
      return fail(Errc::bad_argument, "no place of this swap file");
    }
  }
  if (file_.is_direct() && !std::all_of(into.begin(), into.end(), is_aligned)) {
    return get_bounced(places, into);
  }
  const bool is_a_block = places.size() <= kBlockPages &&
                          std::adjacent_find(places.begin(), places.end(), [](Place a, Place b) {
                            return slot_of(b) != slot_of(a) + 1;
                          }) == places.end();
  if (is_a_block) return get_block(places, into);
  Traffic& reader = take_reader();
  const auto got = get_scattered(reader, places, into);
  give_reader(reader);
  return got;
}

// One request, which needs nothing but a system call.
Result<void> SwapFile::get_block(std::span<const Place> places, std::span<std::byte* const> into) {
  if (places.empty()) return {};
  std::array<iovec, kBlockPages> pieces{};
  for (std::size_t i = 0; i < into.size(); ++i) pieces[i] = {into[i], kPageSize};
  const std::uint64_t slot = slot_of(places.front());
  const int error = file_.transfer(Way::in, std::span(pieces).first(into.size()), slot * kPageSize);
  if (error != 0) return tl::unexpected(refused_to_read(error));
  read_.add(places.size(), sync::relaxed);
  for (std::size_t i = 0; i < into.size(); ++i) {
    if (auto right = verify(slot + i, into[i]); !right) return right;
  }
  return {};
}

Result<void> SwapFile::get_bounced(std::span<const Place> places,
                                   std::span<std::byte* const> into) {
  alignas(kPageSize) std::array<std::byte, kPageSize> page;
  std::byte* const bounce = page.data();
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (auto got = get_block(places.subspan(i, 1), {&bounce, 1}); !got) return got;
    std::copy(page.begin(), page.end(), into[i]);
  }
  return {};
}

// One call.
struct SwapFile::Getting {
  SwapFile& file;
  Traffic& reader;
  std::span<const Place> places;
  std::span<std::byte* const> into;
  std::optional<Error> error = {};

  // Pages order[at], order[at + 1] and so on, as far as their slots follow each other. How many.
  std::uint64_t send(std::span<const std::uint32_t> order) {
    DiskBlock& block = *reader.take_idle();
    block.run = {slot_of(places[order[0]]), 0};
    for (const std::uint32_t number : order.first(std::min(order.size(), kBlockPages))) {
      if (slot_of(places[number]) != block.run.first + block.run.count) break;
      block.numbers[block.run.count] = number;
      block.pieces[block.run.count] = {into[number], kPageSize};
      ++block.run.count;
    }
    block.request.offset = block.run.first * kPageSize;
    block.request.pieces = std::span(block.pieces).first(block.run.count);
    reader.lane.send(Way::in, block.request);
    return block.run.count;
  }

  void settle(Request& request) {
    DiskBlock& block = DiskBlock::of(request);
    if (request.error != 0 && !error) error = refused_to_read(request.error);
    if (request.error == 0) file.read_.add(block.run.count, sync::relaxed);
    for (std::uint64_t i = 0; i < block.run.count && !error; ++i) {
      auto right = file.verify(block.run.first + i, into[block.numbers[i]]);
      if (!right) error = right.error();
    }
    reader.put_idle(block);
  }
};

// A window of pages is looked at together, for those that lie together. The next one begins when
// the last request of the one before is sent, not when it is done: so the disk always has enough
// to do.
Result<void> SwapFile::get_scattered(Traffic& reader, std::span<const Place> places,
                                     std::span<std::byte* const> into) {
  Getting getting{*this, reader, places, into};
  std::uint32_t looked_at = 0;
  std::span<std::uint32_t> order;  // of those, what is not sent yet
  for (;;) {
    while (reader.idle != nullptr && !getting.error) {
      if (order.empty()) {
        order = reader.order.first(std::min(kWindow, places.size() - looked_at));
        std::iota(order.begin(), order.end(), looked_at);
        std::sort(order.begin(), order.end(),
                  [&](std::uint32_t a, std::uint32_t b) { return places[a] < places[b]; });
        looked_at += static_cast<std::uint32_t>(order.size());
      }
      if (order.empty()) break;
      order = order.subspan(getting.send(order));
    }
    reader.lane.submit();
    Request* const done = reader.lane.wait();
    if (done == nullptr) break;
    getting.settle(*done);
  }
  if (getting.error) return tl::unexpected(*getting.error);
  return {};
}

Traffic& SwapFile::take_reader() noexcept {
  for (;;) {
    std::uint32_t given = 0;
    {
      const sync::BareGuard guard(reading_);
      if (Traffic* const reader = idle_reader_; reader != nullptr) {
        idle_reader_ = reader->next;
        return *reader;
      }
      given = readers_given_.load(sync::relaxed);
    }
    readers_given_.sleep_while(given);
  }
}

void SwapFile::give_reader(Traffic& reader) noexcept {
  {
    const sync::BareGuard guard(reading_);
    reader.next = idle_reader_;
    idle_reader_ = &reader;
    readers_given_.add(1, sync::release);
  }
  readers_given_.notify_all();
}

}  // namespace cleave::detail::backing
