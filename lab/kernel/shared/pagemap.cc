#include "lab/kernel/shared/pagemap.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <vector>

#include <fmt/format.h>

namespace lab::kernel {
namespace {

constexpr std::uint64_t kPageSize = 4096;

// Of this process. A child that used its parent's would look at its parent.
int pagemap = -1;

std::uint64_t entry_of(const void* address) {
  if (pagemap < 0) pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  std::uint64_t entry = 0;
  const auto at = static_cast<off_t>(reinterpret_cast<std::uintptr_t>(address) / kPageSize * 8);
  if (pread(pagemap, &entry, sizeof entry, at) != sizeof entry) return 0;
  return entry;
}

// What a file with a word for each frame says of one.
std::uint64_t word_of(const char* path, std::uint64_t frame) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  std::uint64_t word = 0;
  const ssize_t got = pread(file, &word, sizeof word, static_cast<off_t>(frame * 8));
  close(file);
  return got == sizeof word ? word : 0;
}

// As many words from a file with one for each page or frame; empty: they cannot be read.
std::vector<std::uint64_t> words(int file, std::uint64_t first, std::size_t count) {
  std::vector<std::uint64_t> some(count);
  const std::size_t bytes = count * sizeof some[0];
  if (pread(file, some.data(), bytes, static_cast<off_t>(first * 8)) != static_cast<ssize_t>(bytes))
    some.clear();
  return some;
}

}  // namespace

void reopen_pagemap() {
  if (pagemap >= 0) close(pagemap);
  pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
}

PageInfo page_info(const void* address) {
  PageInfo info;
  info.entry = entry_of(address);
  if (info.frame() != 0) info.flags = flags_of(info.frame());
  return info;
}

PageInfo page_info_of(pid_t process, const void* address) {
  PageInfo info;
  const std::string path = fmt::format("/proc/{}/pagemap", process);
  info.entry = word_of(path.c_str(), reinterpret_cast<std::uintptr_t>(address) / kPageSize);
  if (info.frame() != 0) info.flags = flags_of(info.frame());
  return info;
}

std::uint64_t flags_of(std::uint64_t frame) { return word_of("/proc/kpageflags", frame); }
std::uint64_t maps_of(std::uint64_t frame) { return word_of("/proc/kpagecount", frame); }

bool maps_large_folio_alone(const void* address) {
  constexpr std::size_t kParts = 512;
  const std::uint64_t frame = frame_at(address);
  if (frame == 0) return false;
  const std::uint64_t first = frame / kParts * kParts;
  const std::uint64_t page = reinterpret_cast<std::uintptr_t>(address) / kPageSize;
  std::uint64_t ours = 0, all = 0;
  // What was copied away lies among the folio's parts, in frames of its own.
  for (const std::uint64_t entry : words(pagemap, page / kParts * kParts, kParts))
    if (PageInfo{entry, 0}.frame() / kParts * kParts == first) ++ours;
  const int file = open("/proc/kpagecount", O_RDONLY | O_CLOEXEC);
  for (const std::uint64_t maps : words(file, first, kParts)) all += maps;
  close(file);
  return all == ours;
}

std::uint64_t frame_at(const void* address) { return PageInfo{entry_of(address), 0}.frame(); }

}  // namespace lab::kernel
