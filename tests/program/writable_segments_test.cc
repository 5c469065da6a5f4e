#include <dlfcn.h>
#include <link.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <gtest/gtest.h>

#include <cleave/must.h>
#include <cleave/program/writable_segments.h>

namespace cleave {
namespace {

int in_data = 7;
std::byte in_bss[3 * 4096];
const int in_text = 3;
thread_local int in_tls = 5;

std::vector<std::span<std::byte>> segments_of(void* handle) {
  std::vector<std::span<std::byte>> found;
  must(writable_segments(handle, [&](std::span<std::byte> run) { found.push_back(run); }));
  return found;
}

bool covers(const std::vector<std::span<std::byte>>& runs, const void* at) {
  for (const auto run : runs) {
    if (at >= run.data() && at < run.data() + run.size()) return true;
  }
  return false;
}

// AddressSanitizer keeps some bytes between variables from the program; their pages are ours all
// the same.
__attribute__((no_sanitize("address"))) void write_what_it_holds(std::byte* at) {
  (void)__atomic_fetch_or(reinterpret_cast<unsigned char*>(at), 0, __ATOMIC_RELAXED);
}

TEST(WritableSegments, OfTheProgramHoldItsDataAndItsBss) {
  const auto runs = segments_of(dlopen(nullptr, RTLD_NOW));
  EXPECT_TRUE(covers(runs, &in_data));
  EXPECT_TRUE(covers(runs, in_bss));
  EXPECT_TRUE(covers(runs, in_bss + sizeof in_bss - 1));
}

TEST(WritableSegments, HoldNeitherConstantsNorVariablesOfThreadsNorTheStack) {
  const auto runs = segments_of(dlopen(nullptr, RTLD_NOW));
  int on_stack = 1;
  EXPECT_FALSE(covers(runs, &in_text));
  EXPECT_FALSE(covers(runs, &in_tls));
  EXPECT_FALSE(covers(runs, &on_stack));
}

TEST(WritableSegments, AreWholePagesInOrder) {
  std::uintptr_t last = 0;
  for (const auto run : segments_of(dlopen(nullptr, RTLD_NOW))) {
    const auto first = reinterpret_cast<std::uintptr_t>(run.data());
    EXPECT_EQ(first % 4096, 0U);
    EXPECT_EQ(run.size() % 4096, 0U);
    EXPECT_GE(first, last);
    last = first + run.size();
  }
}

// Each page can be written: what is RELRO would end the test with SIGSEGV.
TEST(WritableSegments, OfALibraryCanBeWrittenPageByPage) {
  void* const libm = dlopen("libm.so.6", RTLD_NOW);
  ASSERT_NE(libm, nullptr) << dlerror();
  for (void* handle : {libm, dlopen(nullptr, RTLD_NOW)}) {
    const auto runs = segments_of(handle);
    ASSERT_FALSE(runs.empty());
    for (const auto run : runs) {
      for (std::size_t at = 0; at < run.size(); at += 4096) {
        write_what_it_holds(run.data() + at);
      }
    }
  }
}

TEST(WritableSegments, OfOneLibraryAreNotThoseOfAnother) {
  const auto ours = segments_of(dlopen(nullptr, RTLD_NOW));
  for (const auto run : segments_of(dlopen("libm.so.6", RTLD_NOW))) {
    EXPECT_FALSE(covers(ours, run.data()));
  }
}

TEST(WritableSegments, AreRefusedWithoutALibrary) {
  const auto asked = writable_segments(nullptr, [](std::span<std::byte>) { FAIL(); });
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code, Errc::bad_argument);
}

TEST(WritableSegments, OfANamespaceOfItsOwnAreRefused) {
  void* const apart = dlmopen(LM_ID_NEWLM, "libm.so.6", RTLD_NOW);
  if (apart == nullptr) GTEST_SKIP() << dlerror();
  const auto asked = writable_segments(apart, [](std::span<std::byte>) { FAIL(); });
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code, Errc::unsupported);
  (void)dlclose(apart);
}

}  // namespace
}  // namespace cleave
