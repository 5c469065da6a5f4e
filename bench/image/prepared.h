// A commit in a repository in a folder, whose files the page cache may have or not.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include <cleave/image/lazy.h>
#include <cleave/image/repository.h>
#include <cleave/must.h>

namespace cleave::bench {

/// It is one of an arena, which lies where no mapping comes by itself; a space can be had of it.
class Prepared {
 public:
  static constexpr Address kBase{0x200000000000};

  explicit Prepared(std::uint64_t pages) : pages_(pages) {
    if (mkdtemp(folder_.data()) == nullptr) std::abort();
    const Pool pool = must(Pool::create(ByteCount{pages * kPageSize}));
    Space space = must(Space::create(pool));
    must(space.map_at(kBase, ByteCount{pages * kPageSize}));
    std::vector<std::uint64_t> page(kPageSize / 8);
    std::mt19937_64 random(1);
    for (std::uint64_t n = 0; n < pages; ++n) {
      // Some three quarters of it compress, as of a heap.
      for (std::size_t i = 0; i < page.size(); ++i) page[i] = i % 4 == 0 ? random() : n;
      must(space.write(kBase + n * kPageSize, std::as_bytes(std::span(page))));
    }
    Repository repository = must(Repository::create(must(directory_store(folder_))));
    commit =
        must(repository.push(must(space.snapshot()), "main", {.kind = ImageRecord::Kind::arena}))
            .id();
  }
  ~Prepared() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;

  [[nodiscard]] std::uint64_t pages() const { return pages_; }
  [[nodiscard]] LazyImages open() const {
    return must(LazyImages::open(must(directory_store(folder_)),
                                 {.memory = ByteCount{pages_ * kPageSize}, .pages = pages_}));
  }
  /// Has the kernel forget what it has of the packs.
  void cool() const {
    for (const auto& file : std::filesystem::directory_iterator(folder_ + "/packs")) {
      const int descriptor = ::open(file.path().c_str(), O_RDONLY | O_CLOEXEC);
      (void)posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
      (void)close(descriptor);
    }
  }
  /// So many pages, at random, and the same each time.
  [[nodiscard]] std::vector<std::uint64_t> some(std::uint64_t count) const {
    std::vector<std::uint64_t> all(pages_);
    for (std::uint64_t n = 0; n < pages_; ++n) all[n] = n;
    std::ranges::shuffle(all, std::mt19937_64(2));
    all.resize(count);
    return all;
  }
  /// The commit as it is restored without this.
  [[nodiscard]] Space eagerly(const Pool& pool) const {
    return must(must(Repository::open(must(directory_store(folder_)))).checkout(pool, commit));
  }
  [[nodiscard]] Arena eager_arena(const Pool& pool) const {
    return must(
        must(Repository::open(must(directory_store(folder_)))).checkout_arena(pool, commit));
  }

  ImageId commit;

 private:
  std::uint64_t pages_;
  std::string folder_ = std::filesystem::temp_directory_path() / "cleave-bench.XXXXXX";
};

inline void touch(const Space& space, std::uint64_t page) {
  std::byte byte{};
  must(space.read(Prepared::kBase + page * kPageSize, {&byte, 1}));
}
inline void touch(Arena& arena, std::uint64_t page) {
  (void)*static_cast<volatile unsigned char*>(
      reinterpret_cast<unsigned char*>(arena.data() + page * kPageSize));
}

}  // namespace cleave::bench
