// Spaces with contents that a test can name, and repositories to put them in.
#pragma once

#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/image/repository.h>
#include <cleave/must.h>

#include "tests/support/temporary_folder.h"

namespace cleave::detail::image {

/// What a page holds: a number a page, which tells it from all others; 0: zeroes.
using Contents = std::map<std::uint64_t, std::uint64_t>;

inline std::vector<std::byte> page_of_number(std::uint64_t number) {
  std::vector<std::byte> page(kPageSize);
  std::uint64_t word = number;
  for (std::size_t i = 0; number != 0 && i + 8 <= page.size(); i += 8) {
    word = word * 6364136223846793005U + 1442695040888963407U;
    const std::uint64_t kept = i % 64 == 0 ? word : word & 0xff;  // compresses somewhat
    std::memcpy(page.data() + i, &kept, sizeof kept);
  }
  return page;
}

inline constexpr std::uint64_t kPagesMapped = 1024;

inline void write(Space& space, const Contents& contents) {
  for (const auto& [page, number] : contents) {
    must(space.write(address_of(PageNo{page}), page_of_number(number)));
  }
}

inline Space space_with(const Pool& pool, const Contents& contents) {
  Space space = must(Space::create(pool));
  must(space.map_at(Address{0}, kPagesMapped * kPageSize));
  write(space, contents);
  return space;
}

/// Whether the space holds that, and zeroes in all other pages that are mapped.
inline void expect_contents(const Space& space, const Contents& contents) {
  std::vector<std::byte> page(kPageSize);
  for (std::uint64_t i = 0; i < kPagesMapped; ++i) {
    must(space.read(address_of(PageNo{i}), page));
    const auto found = contents.find(i);
    ASSERT_EQ(page, page_of_number(found == contents.end() ? 0 : found->second)) << "page " << i;
  }
}

inline Contents pages(std::uint64_t first, std::uint64_t count, std::uint64_t seed) {
  Contents contents;
  for (std::uint64_t i = 0; i < count; ++i) contents[first + i] = seed + i;
  return contents;
}

/// A repository in a folder of its own. open() is another process's view of it.
class InFolder {
 public:
  InFolder() : repository(must(Repository::create(store()))) {}
  [[nodiscard]] std::string path() const { return folder_.file(""); }
  [[nodiscard]] std::unique_ptr<ImageStore> store() const { return must(directory_store(path())); }
  [[nodiscard]] Repository open() const { return must(Repository::open(store())); }

 private:
  TemporaryFolder folder_;

 public:
  Repository repository;
};

inline void expect_verifies(Repository& repository) {
  const auto found = repository.verify();
  ASSERT_TRUE(found) << found.error().message();
  for (const std::string& problem : found->problems) ADD_FAILURE() << problem;
}

}  // namespace cleave::detail::image
