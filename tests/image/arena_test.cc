// Arenas in images: pointers lead where they led, or what is lacking is named.
#include <algorithm>
#include <list>
#include <memory_resource>
#include <span>
#include <string>

#include <gtest/gtest.h>

#include <cleave/heap.h>
#include <cleave/memory_resource.h>

#include "tests/image/contents.h"
#include "tests/support/far_below.h"

namespace cleave::detail::image {
namespace {

using namespace cleave::literals;

void* const kBase = reinterpret_cast<void*>(kFreePlace);  // NOLINT

TEST(ImageOfAnArena, HasItsPointersAtTheirPlace) {
  Pool pool = must(Pool::create(16_MiB));
  InFolder at;
  ImageId id;
  {
    Arena arena = must(Arena::create(pool, 1_MiB, {.at = kBase}));
    auto** const words = reinterpret_cast<std::byte**>(arena.data());
    words[0] = arena.data() + 8 * kPageSize;
    *words[0] = std::byte{7};
    const Commit commit = must(arena.commit());
    id = must(at.repository.push(commit.snapshot(), "main",
                                 {.kind = ImageRecord::Kind::arena, .root_object = arena.data()}))
             .id();
  }
  Repository other = at.open();
  EXPECT_EQ(must(other.foreign_modules(id)), std::vector<ImageModule>{});
  Arena arena = must(other.checkout_arena(pool, id));
  EXPECT_EQ(arena.data(), kBase);
  EXPECT_EQ(must(other.record(id)).root_object, reinterpret_cast<std::uintptr_t>(kBase));
  EXPECT_EQ(**reinterpret_cast<std::byte**>(arena.data()), std::byte{7});
  // It stands at a commit of that: nothing has changed.
  std::size_t changed = 0;
  must(arena.changes([&](std::span<const std::byte> run) { changed += run.size(); }));
  EXPECT_EQ(changed, 0u);
}

TEST(ImageOfAnArena, TravelsWithTheCommitsPayload) {
  Pool pool = must(Pool::create(16_MiB));
  InFolder at;
  InFolder there;
  const std::string largest(kMostPayload.value, 'r');
  for (const std::string& payload :
       {std::string("registers\0and seeds", 19), largest, std::string()}) {
    {
      Arena arena = must(Arena::create(pool, 64_KiB, {.at = kBase}));
      const Commit commit = must(arena.commit("ready", std::as_bytes(std::span(payload))));
      must(at.repository.push(commit, "main"));
    }
    const ImageId id = must(there.repository.fetch(at.repository, "main"));
    EXPECT_EQ(must(there.repository.record(id)).payload, payload);
    const Arena arena = must(there.repository.checkout_arena(pool, id));
    EXPECT_TRUE(std::ranges::equal(arena.head().payload(), std::as_bytes(std::span(payload))));
  }
}

TEST(ImageOfAnArena, TravelsWithAnotherPayloadWhereThePushSaysSo) {
  Pool pool = must(Pool::create(16_MiB));
  InFolder at;
  Arena arena = must(Arena::create(pool, 64_KiB, {.at = kBase}));
  const Commit commit = must(arena.commit({}, std::as_bytes(std::span("own", 3))));
  const auto pushed = must(at.repository.push(commit, "main", {.payload = "other"}));
  EXPECT_EQ(must(at.repository.record(pushed.id())).payload, "other");
}

TEST(ImageOfAnArena, NamesWhatItsWordsLeadTo) {
  Pool pool = must(Pool::create(16_MiB));
  InFolder at;
  Arena arena = must(Arena::create(pool, 64_KiB, {.at = kBase}));
  auto* const words = reinterpret_cast<std::uintptr_t*>(arena.data());
  words[0] = reinterpret_cast<std::uintptr_t>(&std::pmr::null_memory_resource);
  const auto code = must(at.repository.push(must(arena.commit()).snapshot(), "code",
                                            {.kind = ImageRecord::Kind::arena}));
  const ImageRecord record = must(at.repository.record(code.id()));
  ASSERT_EQ(record.modules.size(), 1u);
  EXPECT_FALSE(record.modules[0].build_id.empty()) << record.modules[0].name;
  // Here it is where it was.
  EXPECT_EQ(must(at.repository.foreign_modules(code.id())), std::vector<ImageModule>{});

  int on_the_stack = 0;
  words[1] = reinterpret_cast<std::uintptr_t>(&on_the_stack);
  const auto stack = must(at.repository.push(must(arena.commit()).snapshot(), "stack",
                                             {.kind = ImageRecord::Kind::arena}));
  const auto foreign = must(at.repository.foreign_modules(stack.id()));
  ASSERT_EQ(foreign.size(), 1u);
  EXPECT_TRUE(foreign[0].build_id.empty());
  EXPECT_EQ(at.repository.checkout_arena(pool, stack.id()).error().code, Errc::not_permitted);
}

TEST(ImageOfArenasThatShareAHistory, IsOneOfASpace) {
  Pool pool = must(Pool::create(16_MiB));
  InFolder at;
  Arena a = must(Arena::create(pool, 64_KiB));
  Arena b = must(Arena::create(pool, 64_KiB, {.at = kBase, .joins = &a}));
  a.data()[0] = std::byte{1};
  b.data()[0] = std::byte{2};
  const Commit both = must(a.commit());
  const auto pushed = must(at.repository.push(both.snapshot(), "both"));
  Space space = must(at.repository.checkout(pool, pushed.id()));
  for (const Arena* arena : {&a, &b}) {
    std::byte seen{};
    must(space.read(Address{reinterpret_cast<std::uintptr_t>(arena->data())}, std::span(&seen, 1)));
    EXPECT_EQ(seen, arena->data()[0]);
  }
  const auto refused =
      at.repository.push(both.snapshot(), "arena", {.kind = ImageRecord::Kind::arena});
  EXPECT_EQ(refused.error().code, Errc::bad_argument) << "which has one place";
  const auto commit = must(at.repository.push(both, "commit", {.payload = "own"}));
  EXPECT_EQ(must(at.repository.record(commit.id())).kind, ImageRecord::Kind::space);
  EXPECT_EQ(must(at.repository.record(commit.id())).payload, "own");
}

TEST(ImageOfAnArena, IsRefusedWhereSomethingElseLies) {
  Pool pool = must(Pool::create(16_MiB));
  InFolder at;
  Arena arena = must(Arena::create(pool, 64_KiB, {.at = kBase}));
  const auto pushed = must(at.repository.push(must(arena.commit()).snapshot(), "main",
                                              {.kind = ImageRecord::Kind::arena}));
  EXPECT_EQ(at.repository.checkout_arena(pool, pushed.id()).error().code, Errc::already_mapped);
}

}  // namespace
}  // namespace cleave::detail::image
