// What any store of images has promised.
#pragma once

#include <map>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/image/store.h>
#include <cleave/must.h>

#include "image/format/bytes.h"
#include "tests/image/contents.h"

namespace cleave::detail::image {

inline Bytes bytes_of(std::string_view text) {
  const View view = view_of(text);
  return {view.begin(), view.end()};
}

/// `one` and `other` are views of one store, in which nothing is yet.
inline void expect_keeps_its_promises(ImageStore& one, ImageStore& other) {
  // Objects: put once, read in parts by anybody, listed, removed.
  EXPECT_TRUE(must(one.list("packs")).empty());
  EXPECT_TRUE(must(one.put("packs/a1", view_of("first"))));
  EXPECT_FALSE(must(other.put("packs/a1", view_of("other"))));
  EXPECT_TRUE(must(other.put("packs/b2", view_of("second object"))));
  EXPECT_EQ(must(other.get("packs/a1", 0, 5)), bytes_of("first"));
  EXPECT_EQ(must(one.get("packs/b2", 7, 6)), bytes_of("object"));
  EXPECT_EQ(one.get("packs/a1", 3, 3).error().code, Errc::not_mapped) << "beyond the end";
  EXPECT_EQ(one.get("packs/a1", 99, 3).error().code, Errc::not_mapped) << "behind the end";
  EXPECT_EQ(one.get("packs/c3", 0, 1).error().code, Errc::not_mapped) << "no such object";
  std::map<std::string, std::uint64_t> listed;
  for (const ImageStore::Item& item : must(one.list("packs"))) listed[item.key] = item.size;
  EXPECT_EQ(listed, (std::map<std::string, std::uint64_t>{{"packs/a1", 5}, {"packs/b2", 13}}));
  must(one.remove("packs/a1"));
  must(other.remove("packs/a1"));
  EXPECT_EQ(other.get("packs/a1", 0, 5).error().code, Errc::not_mapped);
  for (const char* key : {"", "/packs/a", "packs/../a", "packs/A", "packs/a.b", "packs/a%2e"}) {
    EXPECT_EQ(one.put(key, view_of("x")).error().code, Errc::bad_argument) << key;
    EXPECT_EQ(one.get(key, 0, 1).error().code, Errc::bad_argument) << key;
    EXPECT_EQ(one.remove(key).error().code, Errc::bad_argument) << key;
  }

  // Cells: who knows the generation swaps, and nobody else.
  EXPECT_EQ(must(one.cell("root")).generation, 0u);
  EXPECT_TRUE(must(one.swap("root", 0, view_of("1"))));
  EXPECT_FALSE(must(other.swap("root", 0, view_of("another first"))));
  EXPECT_EQ(must(other.cell("root")).bytes, bytes_of("1"));
  EXPECT_TRUE(must(other.swap("root", 1, view_of("2"))));
  EXPECT_FALSE(must(one.swap("root", 1, view_of("another second"))));
  EXPECT_FALSE(must(one.swap("root", 7, view_of("a later one"))));
  EXPECT_TRUE(must(one.swap("root", 2, view_of("1"))));  // the same bytes are another generation
  EXPECT_FALSE(must(other.swap("root", 1, view_of("a late one"))));
  EXPECT_EQ(must(other.cell("root")).generation, 3u);
  EXPECT_EQ(must(other.cell("root")).bytes, bytes_of("1"));
  for (const ImageStore::Item& item : must(one.list("packs"))) EXPECT_EQ(item.key, "packs/b2");
}

/// Eight push to one ref at once, each with a store of its own, as processes would have, beside a
/// collector; each does so `each` times. `store` gives another view of one, in which a repository
/// without refs is.
template <class Store>
void expect_every_push_in_its_history(const Store& store, unsigned each) {
  constexpr unsigned kPushers = 8;
  const Pool pool = must(Pool::create(ByteCount{std::uint64_t{64} << 20}));
  std::vector<std::thread> pushers;
  for (unsigned i = 0; i < kPushers; ++i) {
    pushers.emplace_back([&, i] {
      Repository repository = must(Repository::open(store()));
      Space space = space_with(pool, pages(0, 20, 1000 * (i + 1)));
      for (unsigned push = 0; push < each; ++push) {
        write(space, {{push, 100 + 1000 * (i + 1) + push}});
        must(repository.push(must(space.snapshot()), "main"));
      }
    });
  }
  Repository repository = must(Repository::open(store()));
  for (int round = 0; round < 4; ++round) (void)repository.collect(true);
  for (std::thread& pusher : pushers) pusher.join();
  EXPECT_EQ(must(repository.history(must(repository.resolve("main")))).size(), kPushers * each);
  for (int round = 0; round < 3; ++round) must(repository.collect());
  expect_verifies(repository);
}

}  // namespace cleave::detail::image
