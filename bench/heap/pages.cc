// How many pages change when a program allocates and frees: each is one to commit, and to roll
// back.

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>

#include "bench/heap/alloc.h"
#include "measure/system.h"

namespace cleave::bench {
namespace {

// Memory that is not counted: what the measurement itself needs.
class Aside {
 public:
  explicit Aside(std::size_t bytes)
      : bytes_(bytes),
        base_(static_cast<std::byte*>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                           MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {
    measure::must_hold(base_ != MAP_FAILED, "mmap(2) failed for the memory to measure in");
  }
  ~Aside() { (void)munmap(base_, bytes_); }
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;
  [[nodiscard]] std::byte* data() const { return base_; }
  template <class T>
  [[nodiscard]] T* as() const {
    return reinterpret_cast<T*>(base_);
  }
  [[nodiscard]] std::size_t size() const { return bytes_; }

 private:
  std::size_t bytes_;
  std::byte* base_;
};

// The pages that the process has in private, writable mappings without a file, but for the stack.
// Reads the list of mappings with bare system calls, since the C library's streams would change
// pages of their own.
class PrivatePages {
 public:
  template <class Visit>
  void for_each(Visit&& visit) {
    read_list();
    for (char* line = text_.as<char>(); *line != '\0';) {
      char* end = std::strchr(line, '\n');
      measure::must_hold(end != nullptr, "/proc/self/maps ends within a line");
      *end = '\0';
      unsigned long from = 0;
      unsigned long to = 0;
      unsigned long inode = 0;
      std::array<char, 5> access{};
      const bool read =
          std::sscanf(line, "%lx-%lx %4s %*s %*s %lu", &from, &to, access.data(), &inode) == 4;
      const bool counts = read && std::strcmp(access.data(), "rw-p") == 0 && inode == 0 &&
                          std::strstr(line, "[stack]") == nullptr;
      if (counts) for_each_in(reinterpret_cast<std::byte*>(from), (to - from) / kPageSize, visit);
      line = end + 1;
    }
  }

 private:
  void read_list() {
    const int file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    measure::must_hold(file >= 0, "no /proc/self/maps");
    std::size_t length = 0;
    for (ssize_t got = 1; got > 0; length += static_cast<std::size_t>(got)) {
      measure::must_hold(length + 1 < text_.size(),
                         "more mappings than the measurement has room for");
      got = read(file, text_.as<char>() + length, text_.size() - length - 1);
      measure::must_hold(got >= 0, "/proc/self/maps cannot be read");
    }
    (void)close(file);
    text_.as<char>()[length] = '\0';
  }
  template <class Visit>
  void for_each_in(std::byte* from, std::size_t pages, Visit& visit) {
    measure::must_hold(pages <= resident_.size(),
                       "a mapping is larger than the measurement has room for");
    if (mincore(from, pages * kPageSize, resident_.as<unsigned char>()) != 0) return;
    for (std::size_t i = 0; i < pages; ++i) {
      if ((resident_.as<unsigned char>()[i] & 1) != 0) visit(from + i * kPageSize);
    }
  }

  Aside text_{std::size_t{1} << 20};
  Aside resident_{std::size_t{1} << 24};  // a mapping of 64 GiB
};

// Copies every page there is; later, counts those that hold something else, or were not there.
class Copy {
 public:
  Copy() {
    pages_.for_each([&](const std::byte* page) {
      measure::must_hold(count_ < kMost, "more pages in use than the measurement has room for");
      from_.as<const std::byte*>()[count_] = page;
      std::memcpy(contents_.data() + count_ * kPageSize, page, kPageSize);
      ++count_;
    });
  }
  [[nodiscard]] std::size_t changed() {
    std::size_t same = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      const std::byte* then = contents_.data() + i * kPageSize;
      same += std::memcmp(from_.as<const std::byte*>()[i], then, kPageSize) == 0 ? 1 : 0;
    }
    std::size_t now = 0;
    pages_.for_each([&](const std::byte*) { ++now; });
    return now - same;
  }

 private:
  static constexpr std::size_t kMost = std::size_t{1} << 17;  // 512 MiB

  PrivatePages pages_;
  Aside from_{kMost * sizeof(const std::byte*)};
  Aside contents_{kMost * kPageSize};
  std::size_t count_ = 0;
};

struct Block {
  unsigned char* data;
  std::size_t bytes;
};

// 20,000 live blocks of 16 to 1,015 bytes, all written, some of them replaced before. Lives aside,
// so that only the allocator's pages change.
class Program {
 public:
  explicit Program(const Allocator& with) : with_(with), aside_(kLive * sizeof(Block)) {
    for (Block& block : blocks()) allocate(block);
    for (int i = 0; i < 100'000; ++i) replace();
  }
  ~Program() {
    for (const Block& block : blocks()) {
      if (block.data != nullptr) with_.deallocate(block.data);
    }
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void replace() {
    Block& block = blocks()[random_.below(kLive)];
    with_.deallocate(block.data);
    allocate(block);
  }
  void free_one_in(std::size_t n) {
    for (std::size_t i = 0; i < kLive; i += n) {
      with_.deallocate(blocks()[i].data);
      blocks()[i].data = nullptr;
    }
  }

 private:
  static constexpr std::size_t kLive = 20'000;
  [[nodiscard]] std::span<Block> blocks() const { return {aside_.as<Block>(), kLive}; }
  void allocate(Block& block) {
    block.bytes = 16 + random_.below(1000);
    block.data = static_cast<unsigned char*>(with_.allocate(block.bytes));
    std::memset(block.data, static_cast<int>(random_() | 1), block.bytes);
  }

  const Allocator& with_;
  Random random_{1};
  Aside aside_;
};

template <class Change>
Row changed_by(const Settings& settings, const char* name, Change change) {
  Settings few = settings;
  few.quick = true;  // the count hardly varies
  return beside_others(few, name, "pages", [&](const Allocator& with) {
    Program program(with);
    Copy before;
    change(program);
    return static_cast<double>(before.changed());
  });
}

}  // namespace

std::vector<Benchmark> alloc_pages_benchmarks() {
  return {
      {"alloc/pages-replace", "pages changed when 100 of 20,000 blocks are replaced, one by one",
       [](const Settings& settings) -> std::vector<Row> {
         return {changed_by(settings, "alloc/pages-replace", [](Program& program) {
           for (int i = 0; i < 100; ++i) program.replace();
         })};
       }},
      {"alloc/pages-free", "pages changed when 1,000 of 20,000 blocks are freed",
       [](const Settings& settings) -> std::vector<Row> {
         return {changed_by(settings, "alloc/pages-free",
                            [](Program& program) { program.free_one_in(20); })};
       }}};
}

}  // namespace cleave::bench
