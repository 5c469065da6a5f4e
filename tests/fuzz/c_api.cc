// Sequences of calls of the C interface with legal handles, each compared with a simple model:
// spaces that fork and roll back, an arena that commits and checks out, a heap.
#include <sys/mman.h>

#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include <cleave/c.h>

#include "fuzz.h"

namespace {

using fuzz::expect;

constexpr std::uint64_t kPage = 4096;
constexpr std::size_t kPages = 8;
constexpr cleave_address kBase = 1 << 20;
constexpr std::size_t kHandles = 4;

// What a page of a space is: which protection, if it is mapped, and the word that it starts with.
struct Page {
  std::optional<cleave_protection> mapped;
  std::uint64_t word = 0;
};
using Pages = std::array<Page, kPages>;

struct Range {
  std::size_t first;
  std::size_t count;
  [[nodiscard]] cleave_address at() const { return kBase + first * kPage; }
  [[nodiscard]] std::uint64_t bytes() const { return count * kPage; }
};

struct Space {
  cleave_space* handle = nullptr;
  cleave_accessor* accessor = nullptr;
  cleave_pin* pin = nullptr;
  Pages pages{};
};
struct Snapshot {
  cleave_snapshot* handle = nullptr;
  Pages pages{};
};
struct Hold {
  cleave_hold* handle = nullptr;
  std::uint64_t word = 0;
};

class Spaces {
 public:
  explicit Spaces(cleave_pool* pool) {
    spaces_[0].handle = cleave_space_create(pool, nullptr);
    expect(spaces_[0].handle != nullptr, "a space is created");
  }
  ~Spaces() {
    for (Hold& hold : holds_) cleave_hold_release(hold.handle);
    for (Space& space : spaces_) end(space);
    for (Snapshot& snapshot : snapshots_) cleave_snapshot_release(snapshot.handle);
  }
  Spaces(const Spaces&) = delete;
  Spaces& operator=(const Spaces&) = delete;

  void step(std::uint8_t what, fuzz::Bytes& bytes) {
    Space& space = spaces_[bytes.next<std::uint8_t>() % kHandles];
    if (space.handle == nullptr) return;
    const auto where = bytes.next<std::uint8_t>();
    const Range range{where % kPages, 1 + where / kPages % (kPages - where % kPages)};
    switch (what % 12) {
      case 0:
        return map(space, range, bytes.next<std::uint8_t>() % 3);
      case 1:
        return unmap(space, range);
      case 2:
        return protect(space, range, bytes.next<std::uint8_t>() % 3);
      case 3:
        return discard(space, range);
      case 4:
        return write(space, range.first, bytes.next<std::uint64_t>());
      case 5:
        return read(space, range.first);
      case 6:
        return fork(space, spaces_[bytes.next<std::uint8_t>() % kHandles]);
      case 7:
        return keep(space, snapshots_[bytes.next<std::uint8_t>() % kHandles]);
      case 8:
        return roll_back(space, snapshots_[bytes.next<std::uint8_t>() % kHandles]);
      case 9:
        return pin(space, range);
      case 10:
        return hold(space, range.first, holds_[bytes.next<std::uint8_t>() % kHandles]);
      default:
        return add(space, range.first, bytes.next<std::uint64_t>());
    }
  }

 private:
  static cleave_code expected(const Page& page, cleave_protection needed) {
    if (!page.mapped) return CLEAVE_NOT_MAPPED;
    return *page.mapped >= needed ? CLEAVE_OK : CLEAVE_NOT_PERMITTED;
  }
  static bool all(const Space& space, Range range, auto holds) {
    for (std::size_t i = 0; i < range.count; ++i) {
      if (!holds(space.pages[range.first + i])) return false;
    }
    return true;
  }
  static void each(Space& space, Range range, auto change) {
    for (std::size_t i = 0; i < range.count; ++i) change(space.pages[range.first + i]);
  }

  static void map(Space& space, Range range, cleave_protection protection) {
    const bool free = all(space, range, [](const Page& page) { return !page.mapped; });
    const cleave_code code =
        cleave_space_map_at(space.handle, range.at(), range.bytes(), protection, nullptr);
    expect(code == (free ? CLEAVE_OK : CLEAVE_ALREADY_MAPPED), "map_at");
    if (free) each(space, range, [&](Page& page) { page = {protection, 0}; });
  }
  static void unmap(Space& space, Range range) {
    expect(cleave_space_unmap(space.handle, range.at(), range.bytes(), nullptr) == CLEAVE_OK,
           "unmap");
    each(space, range, [](Page& page) { page = {}; });
  }
  static void protect(Space& space, Range range, cleave_protection protection) {
    const bool mapped = all(space, range, [](const Page& page) { return page.mapped.has_value(); });
    const cleave_code code =
        cleave_space_protect(space.handle, range.at(), range.bytes(), protection, nullptr);
    expect(code == (mapped ? CLEAVE_OK : CLEAVE_NOT_MAPPED), "protect");
    if (mapped) each(space, range, [&](Page& page) { page.mapped = protection; });
  }
  static void discard(Space& space, Range range) {
    const bool can = all(space, range, [](const Page& page) {
      return expected(page, CLEAVE_READ_WRITE) == CLEAVE_OK;
    });
    const cleave_code code = cleave_space_discard(space.handle, range.at(), range.bytes(), nullptr);
    expect((code == CLEAVE_OK) == can, "discard");
    if (can) each(space, range, [](Page& page) { page.word = 0; });
  }
  static void write(Space& space, std::size_t page, std::uint64_t word) {
    const cleave_code code =
        cleave_space_write(space.handle, kBase + page * kPage, &word, sizeof word, nullptr);
    expect(code == expected(space.pages[page], CLEAVE_READ_WRITE), "write");
    if (code == CLEAVE_OK) space.pages[page].word = word;
  }
  static void read(Space& space, std::size_t page) {
    std::uint64_t word = 0;
    const cleave_code code =
        cleave_space_read(space.handle, kBase + page * kPage, &word, sizeof word, nullptr);
    expect(code == expected(space.pages[page], CLEAVE_READ), "read");
    expect(code != CLEAVE_OK || word == space.pages[page].word, "what was written is read");
  }
  static void add(Space& space, std::size_t page, std::uint64_t delta) {
    if (space.accessor == nullptr) space.accessor = cleave_accessor_create(space.handle, nullptr);
    expect(space.accessor != nullptr, "an accessor is made");
    std::uint64_t before = 0;
    const cleave_code code =
        cleave_fetch_add64(space.accessor, kBase + page * kPage, delta, &before, nullptr);
    expect(code == expected(space.pages[page], CLEAVE_READ_WRITE), "fetch_add");
    if (code != CLEAVE_OK) return;
    expect(before == space.pages[page].word, "an accessor sees what was written");
    space.pages[page].word += delta;
  }
  static void fork(Space& space, Space& into) {
    if (&space == &into) return;
    end(into);
    into.handle = cleave_space_fork(space.handle, nullptr);
    expect(into.handle != nullptr, "fork");
    into.pages = space.pages;
  }
  static void keep(Space& space, Snapshot& into) {
    cleave_snapshot_release(into.handle);
    into = {cleave_space_snapshot(space.handle, nullptr), space.pages};
    expect(into.handle != nullptr, "snapshot");
  }
  static void roll_back(Space& space, Snapshot& to) {
    if (to.handle == nullptr) return;
    const cleave_code code = cleave_space_rollback(space.handle, to.handle, nullptr);
    expect(code == CLEAVE_OK || (space.pin != nullptr && code == CLEAVE_PINNED), "rollback");
    if (code == CLEAVE_OK) space.pages = to.pages;
    for (std::size_t page = 0; page < kPages; ++page) {
      std::uint64_t word = 0;
      const cleave_code seen =
          cleave_snapshot_read(to.handle, kBase + page * kPage, &word, sizeof word, nullptr);
      expect(seen == expected(to.pages[page], CLEAVE_READ), "a snapshot keeps its regions");
      expect(seen != CLEAVE_OK || word == to.pages[page].word, "a snapshot never changes");
    }
  }
  static void pin(Space& space, Range range) {
    if (space.pin != nullptr) {
      cleave_pin_release(space.pin);
      space.pin = nullptr;
      return;
    }
    const bool can = all(space, range, [](const Page& page) {
      return expected(page, CLEAVE_READ_WRITE) == CLEAVE_OK;
    });
    space.pin = cleave_space_pin(space.handle, range.at(), range.bytes(), CLEAVE_PIN_WRITE,
                                 CLEAVE_SHORT_TERM, nullptr);
    expect((space.pin != nullptr) == can, "pin");
    if (space.pin == nullptr) return;
    expect(cleave_pin_size(space.pin) == range.bytes(), "a pin has all of its range");
    std::size_t count = 0;
    const iovec* const pieces = cleave_pin_pieces(space.pin, &count);
    // A device writes where the owner reads.
    const std::uint64_t word = 0x0123'4567'89ab'cdef;
    std::memcpy(pieces[0].iov_base, &word, sizeof word);
    space.pages[range.first].word = word;
    read(space, range.first);
  }
  static void hold(Space& space, std::size_t page, Hold& into) {
    if (into.handle != nullptr) {
      std::uint64_t word = 0;
      expect(cleave_hold_read(into.handle, cleave_hold_address(into.handle), &word, sizeof word,
                              nullptr) == CLEAVE_OK &&
                 word == into.word,
             "a hold never changes");
      cleave_hold_release(into.handle);
    }
    into = {cleave_space_hold(space.handle, kBase + page * kPage, kPage, nullptr),
            space.pages[page].word};
    expect((into.handle != nullptr) == (expected(space.pages[page], CLEAVE_READ) == CLEAVE_OK),
           "hold");
  }
  static void end(Space& space) {
    cleave_accessor_release(space.accessor);
    cleave_space_release(space.handle);
    cleave_pin_release(space.pin);
    space = {};
  }

  std::array<Space, kHandles> spaces_;
  std::array<Snapshot, kHandles> snapshots_;
  std::array<Hold, kHandles> holds_;
};

// Its program tells what it writes, so that no signal handler is in the way of a sanitizer's.
class Arena {
 public:
  explicit Arena(cleave_pool* pool) {
    const cleave_arena_options options = {sizeof options, nullptr, CLEAVE_TRACKING_SOFTWARE, 0,
                                          nullptr};
    arena_ = cleave_arena_create(pool, kPages * kPage, &options, nullptr);
    expect(arena_ != nullptr, "an arena is created");
  }
  ~Arena() {
    for (Kept& kept : kept_) cleave_commit_release(kept.commit);
    cleave_arena_release(arena_);
  }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  void step(std::uint8_t what, fuzz::Bytes& bytes) {
    Kept& kept = kept_[bytes.next<std::uint8_t>() % kHandles];
    switch (what % 4) {
      case 0: {
        const std::size_t page = bytes.next<std::uint8_t>() % kPages;
        words_[page] = bytes.next<std::uint64_t>();
        void* const at = static_cast<char*>(cleave_arena_data(arena_)) + page * kPage;
        cleave_arena_mark_dirty(arena_, at, sizeof words_[page]);
        std::memcpy(at, &words_[page], sizeof words_[page]);
        return;
      }
      case 1:
        cleave_commit_release(kept.commit);
        kept = {cleave_arena_commit(arena_, nullptr, nullptr), words_};
        expect(kept.commit != nullptr, "commit");
        head_ = words_;
        return;
      case 2:
        if (kept.commit == nullptr) return;
        expect(cleave_arena_checkout(arena_, kept.commit, nullptr) == CLEAVE_OK, "checkout");
        head_ = words_ = kept.words;
        return look();
      default:
        expect(cleave_arena_revert(arena_, nullptr) == CLEAVE_OK, "revert");
        words_ = head_;
        return look();
    }
  }

 private:
  using Words = std::array<std::uint64_t, kPages>;
  struct Kept {
    cleave_commit* commit = nullptr;
    Words words{};
  };

  void look() const {
    for (std::size_t page = 0; page < kPages; ++page) {
      std::uint64_t word = 0;
      std::memcpy(&word, static_cast<char*>(cleave_arena_data(arena_)) + page * kPage, sizeof word);
      expect(word == words_[page], "an arena holds what its commit held");
    }
  }

  cleave_arena* arena_ = nullptr;
  Words words_{};
  Words head_{};
  std::array<Kept, kHandles> kept_;
};

class Heap {
 public:
  Heap() {
    memory_ = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect(memory_ != MAP_FAILED, "set up: memory");
    heap_ = cleave_heap_create(memory_, kBytes, nullptr);
    expect(heap_ != nullptr, "a heap is created");
  }
  ~Heap() {
    cleave_heap_release(heap_);
    (void)munmap(memory_, kBytes);
  }
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  void step(std::uint8_t what, fuzz::Bytes& bytes) {
    Block& block = blocks_[bytes.next<std::uint8_t>() % blocks_.size()];
    const std::size_t size = bytes.next<std::uint32_t>() % (std::uint32_t{1} << (what / 4 % 21));
    look(block);
    switch (what % 4) {
      case 0:
        cleave_heap_free(heap_, block.at);
        block = {};
        return;
      case 1: {
        void* const moved = cleave_heap_realloc(heap_, block.at, size);
        if (moved == nullptr) return;
        const std::size_t kept = size < block.size ? size : block.size;
        look({moved, kept, block.fill});
        return fill({moved, size, block.fill}, block);
      }
      case 2:
        cleave_heap_free(heap_, block.at);
        return fill({cleave_heap_malloc(heap_, size), size, ++fill_}, block);
      default: {
        const std::size_t alignment = std::size_t{1} << (size % 16);
        cleave_heap_free(heap_, block.at);
        void* const at = cleave_heap_aligned_alloc(heap_, alignment, size);
        expect(reinterpret_cast<std::uintptr_t>(at) % alignment == 0, "a block is aligned");
        return fill({at, size, ++fill_}, block);
      }
    }
  }

 private:
  struct Block {
    void* at = nullptr;
    std::size_t size = 0;
    unsigned char fill = 0;
  };

  void fill(Block next, Block& into) {
    if (next.at == nullptr) {
      into = {};
      return;
    }
    expect(cleave_heap_usable_size(heap_, next.at) >= next.size, "a block is as long as asked");
    std::memset(next.at, next.fill, next.size);
    into = next;
  }
  static void look(const Block& block) {
    const auto* const at = static_cast<const unsigned char*>(block.at);
    for (std::size_t i = 0; i < block.size; i += 1 + block.size / 64) {
      expect(at[i] == block.fill, "a block keeps its contents");
    }
  }

  static constexpr std::size_t kBytes = std::size_t{1} << 20;
  void* memory_ = nullptr;
  cleave_heap* heap_ = nullptr;
  std::array<Block, 8> blocks_;
  unsigned char fill_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  cleave_pool* const pool = cleave_pool_create(4 << 20, nullptr);
  expect(pool != nullptr, "a pool is created");
  {
    Spaces spaces(pool);
    std::optional<Arena> arena;
    std::optional<Heap> heap;
    fuzz::Bytes bytes({data, size});
    while (!bytes.at_end()) {
      const auto what = bytes.next<std::uint8_t>();
      if (what < 192) {
        spaces.step(what, bytes);
      } else if (what < 208) {
        if (!arena) arena.emplace(pool);
        arena->step(what, bytes);
      } else {
        if (!heap) heap.emplace();
        heap->step(bytes.next<std::uint8_t>(), bytes);
      }
    }
  }
  cleave_pool_statistics after = {};
  after.size = sizeof after;
  expect(cleave_pool_get_statistics(pool, &after, nullptr) == CLEAVE_OK && after.used == 0 &&
             after.spaces == 0,
         "a pool has all of its memory back");
  cleave_pool_release(pool);
  return 0;
}
