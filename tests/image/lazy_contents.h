// A repository with a commit, and lazy looks at it through a store that can fail.
#pragma once

#include <cleave/image/lazy.h>

#include "tests/image/contents.h"
#include "tests/image/troubled_store.h"

namespace cleave::detail::image {

class LazyImageTest : public testing::Test {
 protected:
  LazyImageTest() {
    for (std::uint64_t i = 0; i < 200; ++i) contents_[i] = 1 + i;
    for (std::uint64_t i = 300; i < 1000; i += 70) contents_[i] = 1000 + i;
    push("main", contents_);
  }

  ImageId push(const char* ref, const Contents& contents) {
    Pool pool = must(Pool::create(ByteCount{16 << 20}));
    Space space = space_with(pool, contents);
    return id_ = must(at_.repository.push(must(space.snapshot()), ref)).id();
  }
  [[nodiscard]] std::unique_ptr<ImageStore> store() {
    return std::make_unique<TroubledStore>(at_.store(), trouble_);
  }
  LazyImages open(LazyOptions options = {}) {
    if (options.memory == ByteCount{0}) options.memory = ByteCount{16 << 20};
    return must(LazyImages::open(store(), std::move(options)));
  }
  /// The page as the space reads it, or the error.
  static Result<std::vector<std::byte>> page_of(const Space& space, std::uint64_t page) {
    std::vector<std::byte> bytes(kPageSize);
    const auto read = space.read(address_of(PageNo{page}), bytes);
    if (!read) return tl::unexpected(read.error());
    return bytes;
  }
  [[nodiscard]] std::vector<std::string> refs() {
    std::vector<std::string> names;
    for (const ImageRef& ref : must(at_.repository.refs())) names.push_back(ref.name);
    return names;
  }

  Trouble trouble_;
  InFolder at_;
  Contents contents_;
  ImageId id_;
};

}  // namespace cleave::detail::image
