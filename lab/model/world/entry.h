// What a page table and a region remember of one page. Each fits one shared variable, so each is
// read and written whole.
#pragma once

#include <cstdint>

namespace lab::model {

enum class EntryKind : std::uint8_t { none, page, zero, swap, migrating };

/// What a migrating entry becomes again.
enum class Moving : std::uint8_t { readable, exclusive, writable };

struct Entry {
  std::uint16_t target = 0;  // page, migrating: the folio; swap: the slot
  std::uint8_t index = 0;    // page, migrating: which page of the folio
  EntryKind kind = EntryKind::none;
  Moving moving = Moving::readable;
  bool writable : 1 = false;
  bool dirty : 1 = false;
  bool wp : 1 = false;         // userfaultfd wants to know of writes; of none: a marker says so
  bool exclusive : 1 = false;  // swap: the page was
  bool tracked : 1 = false;    // soft-dirty wants to know of writes
  std::uint8_t unused_bits : 3 = 0;
  std::uint16_t unused = 0;  // no padding: entries are compared as bytes

  bool operator==(const Entry&) const = default;
  [[nodiscard]] bool present() const { return kind == EntryKind::page || kind == EntryKind::zero; }
  [[nodiscard]] bool is(EntryKind wanted) const { return kind == wanted; }
};
static_assert(sizeof(Entry) == 8);

enum class Protection : std::uint8_t;

/// A region is as long as one page here; a longer one would only make forks' sections longer.
struct Region {
  bool mapped : 1 = false;
  bool shared : 1 = false;
  bool dontfork : 1 = false;
  bool wipeonfork : 1 = false;
  bool wp : 1 = false;  // registered for write protection
  bool hugetlb : 1 = false;
  bool continued : 1 = false;  // read faults are resolved by UFFDIO_CONTINUE: read-only, dirty
  bool async : 1 = false;  // the kernel takes a write protection away by itself; no thread waits
  bool unpopulated : 1 = false;  // write protection has markers where nothing is
  bool missing : 1 = false;      // registered for what is touched and is not there
  bool minor : 1 = false;        // registered for what a file has there and is not mapped
  std::uint8_t unused_bits : 5 = 0;
  Protection protection{};
  std::uint8_t file = 0;  // which file's page lies behind it, from 1; 0: none, anonymous
  std::uint8_t pool_page =
      0;  // hugetlb: the page of the pool's file, from 1, as processes share it

  bool operator==(const Region&) const = default;
  [[nodiscard]] bool copy_on_write() const { return mapped && !shared; }
  /// With userfaultfd, for whatever faults.
  [[nodiscard]] bool registered() const { return wp || missing || minor; }
  void unregister() { wp = async = unpopulated = missing = minor = false; }
};

}  // namespace lab::model
