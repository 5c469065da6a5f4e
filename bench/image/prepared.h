// A commit in a repository in a folder, whose files the page cache may have or not.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <random>
#include <span>
#include <string>
#include <vector>

#include <cleave/image/lazy.h>
#include <cleave/image/repository.h>
#include <cleave/must.h>

namespace cleave::bench {

/// A folder for a repository, which goes with it.
class Folder {
 public:
  Folder() {
    if (mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_ = std::filesystem::temp_directory_path() / "cleave-bench.XXXXXX";
};

/// Calls `use` with the bytes of each page, of which some three quarters compress, as of a heap.
template <class Use>
void pages_of_a_heap(std::uint64_t pages, Use use) {
  std::vector<std::uint64_t> page(kPageSize / 8);
  std::mt19937_64 random(1);
  for (std::uint64_t n = 0; n < pages; ++n) {
    for (std::size_t i = 0; i < page.size(); ++i) page[i] = i % 4 == 0 ? random() : n;
    use(n, std::as_bytes(std::span(page)));
  }
}

/// It is one of an arena, which lies where no mapping comes by itself; a space can be had of it.
class Prepared {
 public:
  static constexpr Address kBase{0x200000000000};

  explicit Prepared(std::uint64_t pages) : pages_(pages) {
    const Pool pool = must(Pool::create(ByteCount{pages * kPageSize}));
    Space space = must(Space::create(pool));
    must(space.map_at(kBase, ByteCount{pages * kPageSize}));
    pages_of_a_heap(pages, [&](std::uint64_t n, std::span<const std::byte> page) {
      must(space.write(kBase + n * kPageSize, page));
    });
    Repository repository = must(Repository::create(must(directory_store(folder_.path()))));
    commit =
        must(repository.push(must(space.snapshot()), "main", {.kind = ImageRecord::Kind::arena}))
            .id();
  }
  [[nodiscard]] std::uint64_t pages() const { return pages_; }
  [[nodiscard]] const std::string& folder() const { return folder_.path(); }
  [[nodiscard]] LazyImages open() const {
    return must(LazyImages::open(must(directory_store(folder_.path())),
                                 {.memory = ByteCount{pages_ * kPageSize}, .pages = pages_}));
  }
  /// Has the kernel forget what it has of the packs.
  void cool() const {
    for (const auto& file : std::filesystem::directory_iterator(folder_.path() + "/packs")) {
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
    return must(
        must(Repository::open(must(directory_store(folder_.path())))).checkout(pool, commit));
  }
  [[nodiscard]] Arena eager_arena(const Pool& pool) const {
    return must(
        must(Repository::open(must(directory_store(folder_.path())))).checkout_arena(pool, commit));
  }

  ImageId commit;

 private:
  std::uint64_t pages_;
  Folder folder_;
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
