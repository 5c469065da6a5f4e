// Pages to the disk: copied, checksummed, and sent as soon as a block of them is full.

#include <algorithm>
#include <cerrno>
#include <optional>

#include "backing/page.h"
#include "backing/swap/swap_file.h"
#include "base/fail.h"
#include "base/file_limit.h"

namespace cleave::detail::backing {
namespace {

Error refused_to_write(int error) {
  if (error == ENOSPC || error == EDQUOT) {
    return {
        Errc::io, "the disk of the swap file is full; make room on it, or drop pages", {}, error};
  }
  if (error == EFBIG) return {Errc::io, kSwapFileTooLarge, {}, error};
  return {Errc::io,
          "the disk refused to write to the swap file; the page stays where it was",
          {},
          error};
}

}  // namespace

// One call.
struct SwapFile::Putting {
  SwapFile& file;
  Traffic& writer;
  std::span<const std::byte* const> pages;
  std::span<Place> places;
  std::uint64_t largest = most_bytes_of_a_file();
  std::uint64_t first_failed = ~std::uint64_t{0};
  std::optional<Error> error = {};

  void failed(std::uint64_t page, const Error& why) {
    if (page >= first_failed) return;
    first_failed = page;
    error = why;
  }

  void send(std::uint64_t first, Stretch run) {
    if (writer.idle == nullptr) settle(*writer.lane.wait());
    DiskBlock& block = *writer.take_idle();
    block.first = first;
    block.run = run;
    for (std::uint64_t i = 0; i < run.count; ++i) {
      std::byte* const copy = block.bounce + i * kPageSize;
      copy_page_once(copy, pages[first + i]);
      file.checksums_[run.first + i] = checksum(copy);
    }
    block.pieces[0] = {block.bounce, run.count * kPageSize};
    block.request.offset = run.first * kPageSize;
    block.request.pieces = std::span(block.pieces).first(1);
    writer.lane.send(Way::out, block.request);
    writer.lane.submit();
  }

  void settle(Request& request) {
    DiskBlock& block = DiskBlock::of(request);
    if (request.error == 0) {
      for (std::uint64_t i = 0; i < block.run.count; ++i) {
        places[block.first + i] = place_of(block.run.first + i);
      }
      file.written_.add(block.run.count, sync::relaxed);
    } else {
      failed(block.first, refused_to_write(request.error));
      file.slots_.give(block.run);
    }
    writer.put_idle(block);
  }

  // The pages from `first` on, as many as there is a stretch of slots for. How many that was.
  std::uint64_t take(std::uint64_t first) {
    const Stretch run = file.slots_.take(pages.size() - first);
    if (run.count == 0) {
      failed(first, {Errc::no_memory,
                     "the swap file is full (SwapFileOptions::bytes): drop pages, or make a larger "
                     "one"});
      return 0;
    }
    for (std::uint64_t at = 0; at < run.count; at += kBlockPages) {
      const Stretch part{run.first + at, std::min(kBlockPages, run.count - at)};
      if ((part.first + part.count) * kPageSize > largest) {
        failed(first + at, refused_to_write(EFBIG));
        file.slots_.give({part.first, run.count - at});
        break;
      }
      send(first + at, part);
    }
    return run.count;
  }
};

Result<void> SwapFile::put(std::span<const std::byte* const> pages, std::span<Place> places) {
  if (!memory_.is_here()) return backing_of_another_process();
  const sync::BareGuard guard(putting_);
  std::fill(places.begin(), places.end(), Place::none);
  Putting putting{*this, writer_, pages, places};
  for (std::uint64_t page = 0; page < pages.size();) {
    const std::uint64_t taken = putting.take(page);
    if (taken == 0) break;
    page += taken;
  }
  while (Request* done = writer_.lane.wait()) putting.settle(*done);
  if (putting.error) return tl::unexpected(*putting.error);
  return {};
}

// What is written costs less to write again. The pages of the blocks are zeroes still.
Result<void> SwapFile::write_once() {
  const std::uint64_t slots = slots_.count();
  std::uint64_t next = 0;
  int error = 0;
  for (;;) {
    while (next < slots && writer_.idle != nullptr) {
      DiskBlock& block = *writer_.take_idle();
      const std::uint64_t count = std::min(kBlockPages, slots - next);
      block.pieces[0] = {block.bounce, count * kPageSize};
      block.request.offset = next * kPageSize;
      block.request.pieces = std::span(block.pieces).first(1);
      next += count;
      writer_.lane.send(Way::out, block.request);
    }
    writer_.lane.submit();
    Request* const done = writer_.lane.wait();
    if (done == nullptr) break;
    if (done->error != 0) error = done->error, next = slots;
    writer_.put_idle(DiskBlock::of(*done));
  }
  if (error != 0) return tl::unexpected(refused_to_write(error));
  return {};
}

}  // namespace cleave::detail::backing
