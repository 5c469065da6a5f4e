// A thread of the torture: its sectors, its disk, and what it has forked, held and pinned.
#pragma once

#include <array>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <random>
#include <variant>
#include <vector>

#include "tests/torture/board.h"
#include "tests/torture/device.h"

namespace cleave::torture {

// The file: areas that devices read from, each filled at once, and slots that they write to.
inline constexpr std::size_t kAreaSectors = 128;
inline constexpr std::size_t kAreaBytes = kAreaSectors * kSectorBytes;
inline constexpr std::size_t kAreas = 4;
inline constexpr std::size_t kSlotBytes = kMostPages * kPageSize;
inline constexpr std::size_t kSlots = 8;
inline constexpr std::size_t kFileBytes = kAreas * kAreaBytes + kSlots * kSlotBytes;

class Player {
 public:
  Player(Torture& torture, unsigned self);
  ~Player();

  void play();
  /// Each of the player's sectors is what it knows it to be. With all threads at rest.
  void check_at_the_end();

  [[nodiscard]] const Counts& counts();
  [[nodiscard]] const Device& device() const { return device_; }

 private:
  /// What the player knows of a sector of its own.
  struct Known {
    Place place;
    Sequence next = 1;
    Sequence value = 0;
    Generation generation = 2;
    bool certain = true;     // value is there, if the page's generation is still this one
    bool in_flight = false;  // a device is about to change it
  };

  /// A planned read: its sectors lie in the file already, one after the other.
  struct Plan {
    Range range;
    std::vector<Known*> sectors{};
    std::vector<Sequence> sequences{};
    std::vector<Generation> generations{};
    unsigned area = 0;  // of the file
    std::uint64_t offset = 0;
  };

  /// Something that is with the device.
  struct Flight {
    Job job;
    std::optional<Pin> pin;
    virtual ~Flight() = default;
    /// When all its requests are done. True: the flight is over.
    virtual bool landed(Player& player) = 0;
  };
  struct Reading;        // from the file into a board
  struct BranchReading;  // from the file into a fork
  struct PinnedWriting;  // from a board to the file, through a read pin
  struct HeldWriting;    // from a hold to the file

  /// A fork, a snapshot or a hold, and what was seen in it first.
  struct Kept {
    explicit Kept(const Interval& seen_in) : interval(seen_in) {}
    Interval interval;
    std::variant<std::monostate, Space, Snapshot, Hold> what;
    std::vector<std::byte> bytes;
    std::array<bool, kMostPages> there{};
  };
  /// A read pin that is kept, with the generations of its pages when it was taken.
  struct LongPin {
    Range range;
    std::array<Generation, kMostPages> generations;
    Pin pin;
  };

  std::uint64_t chance(std::uint64_t n) { return random_() % n; }
  void did(Counts::Kind kind, std::uint64_t times = 1) { counts_.count[kind] += times; }
  Board& board(unsigned b) { return *torture_.boards[b]; }
  Known& known(Place place) { return *known_[place.board][place.page][place.sector]; }
  bool is_mine(Place place) { return known_[place.board][place.page][place.sector] != nullptr; }
  Identity identity(Place place) const {
    return {place, owner_of(place, torture_.options.threads)};
  }
  Range any_range(unsigned most, bool staying = false);
  Generation generation(Place place) { return board(place.board).generations[place.page].load(); }

  // player.cc
  void step();
  void write_sector();
  void write(Known& sector);
  void cannot_read_mapped(const Error& why);
  void check_own();
  void look();
  void check(const char* where, Place place, const Sector& seen, const Allowed& allowed);
  void check_known(const char* where, const Known& sector, const Sector& seen);
  /// True: it is. Else it is counted, or wrong.
  template <class T>
  bool done(const Result<T>& result, const char* what);

  // player_pins.cc
  std::optional<Pin> pin(Range range, PinAccess access);
  void keep_pinned();
  void release_long_pin();
  void check_through(const Pin& pin, Range range,
                     const std::array<Generation, kMostPages>& generations);

  // player_transfers.cc
  void plan_reads();
  void read_next();
  void start_reading(Plan& plan);
  void start_branch_reading(Plan& plan);
  void write_pinned();
  void write_held();
  void land_flights(bool wait);
  void finish_flights();

  // player_kept.cc
  enum class Sort : std::uint8_t { fork, snapshot, hold };
  std::unique_ptr<Kept> keep(Sort sort);
  bool read_pages(Kept& kept, std::vector<std::byte>& bytes, std::array<bool, kMostPages>& there);
  void recheck(Kept& kept);
  void drop();

  // player_regions.cc
  void protect();
  void remap();
  void refuse_rollback();
  void trim();
  void merge();
  /// Until there is memory.
  template <class Do>
  void insist(const char* what, Do what_to_do);

  Torture& torture_;
  const unsigned self_;
  std::mt19937_64 random_;
  Counts counts_;
  Device device_;
  Buffer source_;
  std::array<std::optional<Accessor>, kBoards> accessors_;
  std::deque<Known> mine_;
  std::vector<Known*> written_by_me_;
  std::array<std::array<std::array<Known*, kSectorsInPage>, kPages>, kBoards> known_{};
  std::deque<Plan> plans_;
  std::array<unsigned, kAreas>
      readers_of_area_{};  // plans and flights that still want what lies there
  unsigned next_area_ = 0;
  std::list<std::unique_ptr<Flight>> flights_;
  std::deque<std::unique_ptr<Kept>> kept_;
  std::deque<LongPin> long_pins_;
  std::deque<Pin> pins_kept_;
  std::vector<std::uint64_t> free_slots_;  // of the file, each of kMostPages pages
};

/// Where a byte of the pinned range lies; nullptr: beyond its end.
std::byte* in_pin(const Pin& pin, std::uint64_t offset);

template <class T>
bool Player::done(const Result<T>& result, const char* what) {
  if (result) return true;
  switch (result.error().code) {
    case Errc::no_memory:
      did(Counts::no_memory);
      break;
    case Errc::not_mapped:
    case Errc::not_permitted:
      did(Counts::refused_meanwhile);
      break;
    default:
      torture_.wrong(what, result.error().message());
  }
  return false;
}

}  // namespace cleave::torture
