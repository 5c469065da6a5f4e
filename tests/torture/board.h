// The boards: the spaces that all threads of the torture share, and what is published about them,
// so that whoever forks one, holds it or writes it to a file knows which sequence numbers may be
// seen.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <cleave/accessor.h>
#include <cleave/must.h>
#include <cleave/space.h>

#include "tests/torture/sector.h"

namespace cleave::torture {

inline constexpr unsigned kBoards = 2;
inline constexpr unsigned kPages = 48;
/// Pages below this are never unmapped or discarded.
inline constexpr unsigned kStaying = 32;
/// Across the border between two of the table's nodes.
inline constexpr std::uint64_t kFirstPage = 40;
/// The longest range that is looked at, pinned or held together.
inline constexpr unsigned kMostPages = 8;

/// Every page is mixed: runs of sectors for devices and for threads, each of another owner.
constexpr Writer writer_of(unsigned sector) {
  constexpr std::array<Writer, kSectorsInPage> kWriters{
      Writer::words, Writer::whole,  Writer::device, Writer::device,
      Writer::words, Writer::device, Writer::whole,  Writer::device};
  return kWriters[sector];
}
constexpr unsigned owner_of(Place place, unsigned threads) {
  constexpr std::array<unsigned, kSectorsInPage> kRuns{0, 0, 1, 1, 2, 3, 4, 5};
  return (place.board + place.page + kRuns[place.sector]) % threads;
}

constexpr Address address_of_page(unsigned page) {
  return cleave::address_of(PageNo{kFirstPage + page});
}
constexpr Address address_of(Place place) {
  return address_of_page(place.page) + place.sector * kSectorBytes;
}

struct Board {
  explicit Board(Pool& pool) : space(must(Space::create(pool))) {
    must(space.map_at(address_of_page(0), ByteCount{kPages * kPageSize}));
    for (auto& generation : generations) generation.store(2);
  }

  struct Published {
    std::atomic<Sequence> started{0};
    /// {generation, sequence number} of the last write that has surely ended in the page as it was
    /// mapped.
    std::atomic<std::uint64_t> completed{std::uint64_t{2} << 32};
  };

  Space space;
  /// Odd while the page is being unmapped or discarded; even, and another, afterwards.
  std::array<std::atomic<Generation>, kPages> generations;
  std::array<std::array<Published, kSectorsInPage>, kPages> published;
  std::mutex remapping;  // one at a time; no other thread waits for it
};

struct Range {
  unsigned board;
  unsigned first;
  unsigned pages;
};

/// What may be seen in some pages by who looked between two calls.
class Interval {
 public:
  Interval(const Board& board, Range range) : range_(range) {
    for (unsigned i = 0; i < range.pages; ++i) {
      // The generation first: if it is the same afterwards, none of this was overtaken by an
      // unmapping.
      pages_[i].generation = board.generations[range.first + i].load();
      for (unsigned s = 0; s < kSectorsInPage; ++s)
        pages_[i].completed[s] = board.published[range.first + i][s].completed.load();
    }
  }
  void end(const Board& board) {
    for (unsigned i = 0; i < range_.pages; ++i) {
      for (unsigned s = 0; s < kSectorsInPage; ++s)
        pages_[i].started[s] = board.published[range_.first + i][s].started.load();
      pages_[i].stayed = pages_[i].generation % 2 == 0 &&
                         board.generations[range_.first + i].load() == pages_[i].generation;
    }
  }

  [[nodiscard]] const Range& range() const { return range_; }
  /// Whether page `i` was certainly mapped all the time.
  [[nodiscard]] bool stayed(unsigned i) const { return pages_[i].stayed; }
  [[nodiscard]] Allowed allowed(unsigned i, unsigned sector, View view) const {
    const Page& page = pages_[i];
    const std::uint64_t completed = page.completed[sector];
    return {.writer = writer_of(sector),
            .view = view,
            .known = page.stayed && completed >> 32 == page.generation,
            .generation = page.generation,
            .low = static_cast<Sequence>(completed),
            .high = page.started[sector]};
  }

 private:
  struct Page {
    Generation generation = 0;
    bool stayed = false;
    std::array<std::uint64_t, kSectorsInPage> completed{};
    std::array<Sequence, kSectorsInPage> started{};
  };
  Range range_;
  std::array<Page, kMostPages> pages_{};
};

struct Counts {
  enum Kind {
    short_read_pins,
    short_write_pins,
    long_read_pins,
    long_write_pins,
    forks,
    snapshots,
    holds,
    device_reads,
    device_read_bytes,
    device_writes,
    device_write_bytes,
    fixed_requests,
    sector_writes,
    branches,
    unmaps,
    discards,
    protects,
    refused_rollbacks,
    rollbacks,
    trims,
    merged,
    dropped_in_flight,
    refused_meanwhile,
    no_memory,
    rechecks,
    checks,
    under_way,
    in_part,
    kinds
  };
  static constexpr const char* names[kinds] = {
      "short read pins",
      "short write pins",
      "long read pins",
      "long write pins",
      "forks",
      "snapshots",
      "holds",
      "device reads",
      "device bytes read",
      "device writes",
      "device bytes written",
      "requests through the registered buffer",
      "sectors written by threads",
      "forks that devices read into",
      "unmaps",
      "discards",
      "protects",
      "refused rollbacks",
      "rollbacks",
      "trims",
      "pages merged",
      "spaces dropped with requests in flight",
      "accesses refused while a page was away or read-only",
      "no_memory answers",
      "forks, snapshots and holds checked again",
      "sectors checked",
      "of them while a write was under way",
      "of them seen in part, as allowed",
  };
  std::array<std::uint64_t, kinds> count{};

  [[nodiscard]] std::uint64_t pins() const {
    return count[short_read_pins] + count[short_write_pins] + count[long_read_pins] +
           count[long_write_pins];
  }
};

/// What the program would do that does not know of pins and holds, to see that it is found out.
enum class Break : std::uint8_t {
  nothing,
  fork,  ///< devices write to frames whose pins were released before
  hold,  ///< devices read frames whose holds were released before
};

enum class Behind { nothing, swap_file, compressed };

struct Options {
  double seconds = 5;
  unsigned threads = 4;
  std::uint64_t seed = 1;
  std::string directory;
  bool registered = true;
  bool direct = true;
  Break broken = Break::nothing;
  Behind backing = Behind::nothing;
  std::uint64_t memory = 1024;  ///< KiB, with a backing
};

/// What all threads share.
struct Torture {
  explicit Torture(const Options& chosen);

  void lost(const char* where, Place place, const Difference& difference, const Allowed& allowed);
  void wrong(const char* what, const std::string& details);

  const Options options;
  Pool pool;
  std::array<std::unique_ptr<Board>, kBoards> boards;
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> bytes_lost{0};
  std::atomic<std::uint64_t> wrongs{0};

 private:
  std::mutex printing_;
  unsigned printed_ = 0;  // guarded by printing_
};

}  // namespace cleave::torture
