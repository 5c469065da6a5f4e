#include "adapters/program/memory/area.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "adapters/program/kernel/raw.h"

namespace cleave::program {
namespace {

constexpr int kOpen = PROT_READ | PROT_WRITE;

void* as_pointer(std::uintptr_t at) noexcept { return reinterpret_cast<void*>(at); }
std::uintptr_t as_number(const void* at) noexcept { return reinterpret_cast<std::uintptr_t>(at); }

std::size_t whole_pages(std::size_t bytes) noexcept {
  return (bytes + kPageSize - 1) & ~std::size_t{kPageSize - 1};
}

/// 0, or why the file cannot be read. What lies behind its end stays as it is.
long read_all(int file, std::uintptr_t to, std::size_t bytes, long offset) noexcept {
  while (bytes > 0) {
    const long got = raw::call(SYS_pread64, file, static_cast<long>(to),
                               static_cast<long>(std::min<std::size_t>(bytes, 1U << 30)), offset);
    if (got == -EINTR) continue;
    if (got <= 0) return got;
    to += static_cast<std::size_t>(got);
    offset += got;
    bytes -= static_cast<std::size_t>(got);
  }
  return 0;
}

}  // namespace

Area::Area(Arena& arena) noexcept
    : arena_(arena), records_(reinterpret_cast<Records*>(arena.data())) {}

std::uintptr_t Area::first() const noexcept {
  return as_number(arena_.data()) + whole_pages(sizeof(Records));
}
std::uintptr_t Area::end() const noexcept { return as_number(arena_.data()) + arena_.size().value; }

bool Area::contains(const void* at, std::size_t bytes) const noexcept {
  const std::uintptr_t from = as_number(at);
  return from >= first() && from < end() && bytes <= end() - from;
}

// Given back to the kernel where that is worth two system calls.
void Area::clear(std::uintptr_t at, std::size_t bytes) noexcept {
  constexpr std::size_t kWorthGivingBack = 16 * kPageSize;
  if (bytes >= kWorthGivingBack) {
    arena_.mark_dirty(as_pointer(at), bytes);
    if (raw::advise(as_pointer(at), bytes, MADV_REMOVE) == 0) return;
  }
  std::memset(as_pointer(at), 0, bytes);
}

long Area::map(void* at, std::size_t bytes, int protection, int file, long offset) noexcept {
  if (bytes == 0) return -EINVAL;
  std::uintptr_t place = as_number(at);
  if (at == nullptr) {
    place = records_->mapped.room(first(), end(), bytes);
    if (place == 0) return -ENOMEM;
  } else if (const long gone = unmap(at, bytes); gone != 0) {
    return gone;
  }
  if (!records_->mapped.set(place, place + bytes, 0)) return -ENOMEM;
  if (file >= 0) {
    if (const long wrong = read_all(file, place, bytes, offset); wrong < 0) {
      (void)unmap(as_pointer(place), bytes);
      return wrong;
    }
  }
  if (protection != kOpen) {
    if (const long wrong = protect(as_pointer(place), bytes, protection); wrong != 0) {
      (void)unmap(as_pointer(place), bytes);
      return wrong;
    }
  }
  return static_cast<long>(place);
}

long Area::unmap(void* at, std::size_t bytes) noexcept {
  if (const long wrong = protect(at, bytes, kOpen); wrong != 0) return wrong;
  const std::uintptr_t from = as_number(at);
  const std::uintptr_t to = from + bytes;
  // What no run has is zero already.
  for (const AddressRun& run : records_->mapped.runs()) {
    const std::uintptr_t part = std::max(run.first, from);
    const std::uintptr_t part_end = std::min(run.end, to);
    if (part < part_end) clear(part, part_end - part);
  }
  return records_->mapped.clear(from, to) ? 0 : -ENOMEM;
}

long Area::resize(void* at, std::size_t old_bytes, std::size_t bytes, bool may_move) noexcept {
  const std::uintptr_t from = as_number(at);
  if (bytes <= old_bytes) {
    const long cut =
        bytes == old_bytes ? 0 : unmap(static_cast<std::byte*>(at) + bytes, old_bytes - bytes);
    return cut == 0 ? static_cast<long>(from) : cut;
  }
  const int protection = records_->protections.value_at(from).value_or(kOpen);
  const std::uintptr_t behind = from + old_bytes;
  if (records_->mapped.room(behind, end(), bytes - old_bytes) == behind) {
    const long grown = map(as_pointer(behind), bytes - old_bytes, protection, -1, 0);
    return grown < 0 ? grown : static_cast<long>(from);
  }
  if (!may_move) return -ENOMEM;
  const long moved = map(nullptr, bytes, kOpen, -1, 0);
  if (moved < 0) return moved;
  (void)protect(at, old_bytes, protection | PROT_READ);
  std::memcpy(reinterpret_cast<void*>(moved), at, old_bytes);
  if (const long wrong = unmap(at, old_bytes); wrong != 0) return wrong;
  if (protection != kOpen) (void)protect(reinterpret_cast<void*>(moved), bytes, protection);
  return moved;
}

long Area::drop(void* at, std::size_t bytes) noexcept {
  const std::uintptr_t from = as_number(at);
  const int protection = records_->protections.value_at(from).value_or(kOpen);
  if (protection != kOpen) (void)raw::protect(at, bytes, kOpen);
  clear(from, bytes);
  return protection == kOpen ? 0 : raw::protect(at, bytes, protection);
}

long Area::protect(void* at, std::size_t bytes, int protection) noexcept {
  const std::uintptr_t from = as_number(at);
  const auto runs = records_->protections.runs();
  const bool had = std::any_of(runs.begin(), runs.end(), [&](const AddressRun& run) {
    return run.first < from + bytes && run.end > from;
  });
  if (protection == kOpen && !had) return 0;
  const bool noted = protection == kOpen
                         ? records_->protections.clear(from, from + bytes)
                         : records_->protections.set(from, from + bytes, protection);
  if (!noted) return -ENOMEM;
  return raw::protect(at, bytes, protection);
}

std::vector<AddressRun> Area::protections() const {
  const auto runs = records_->protections.runs();
  return {runs.begin(), runs.end()};
}

void Area::protect_again(const std::vector<AddressRun>& before) const noexcept {
  const auto now = records_->protections.runs();
  if (std::equal(before.begin(), before.end(), now.begin(), now.end())) return;
  for (const AddressRun& run : before) {
    (void)raw::protect(as_pointer(run.first), run.end - run.first, kOpen);
  }
  for (const AddressRun& run : now) {
    (void)raw::protect(as_pointer(run.first), run.end - run.first, run.value);
  }
}

}  // namespace cleave::program
