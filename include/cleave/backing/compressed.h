// Pages of a pool compressed in memory. Of the library cleave-backing.
#pragma once

#include <cstdint>
#include <memory>

#include <cleave/backing.h>
#include <cleave/units.h>

namespace cleave {

/// How compressed memory is made.
struct CompressedOptions {
  /// How much memory it may take, all that it needs to know its pages by included; at least 1 MiB.
  ByteCount bytes = 0;
  /// Where pages go that do not compress, and the oldest of the others when the memory is full.
  /// None: pages that do not compress are kept as they are.
  std::unique_ptr<Backing> next = nullptr;
  /// How many pages there can be at most, those of `next` included; each costs 24 bytes once it is
  /// used. 0: eight times as many as the bytes are pages, and as many as `next` can hold; where
  /// that is too much, as many as half of the bytes can name (some 21,800 for each MiB).
  std::uint64_t pages = 0;
};

/// Keeps pages compressed, by LZ4. A page of one repeated word takes nothing but its entry. Of what
/// has gone and come back memory is left in pieces: they are moved together before anything is
/// refused or written to `next`, which the oldest pages are, 32 at a time.
///
/// put(): no_memory where `bytes` or `pages` are used up and `next` cannot help, or what `next`
/// says. get(): what `next` says; io where a compressed page has been overwritten. Any thread;
/// reading a compressed page takes no lock but to copy what it was compressed to. In a child of
/// fork(2) each call fails with not_permitted, and the end of the object does nothing.
///
/// Errors, with which `next` ends: bad_argument (bytes, pages), no_memory, unsupported.
CLEAVE_API Result<std::unique_ptr<Backing>> compressed(CompressedOptions options);

}  // namespace cleave
