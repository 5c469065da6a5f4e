// Handles of the C interface that end with their scope, and what calls answered.
#pragma once

#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cleave/c.h>

namespace cleave::c {

template <auto release>
struct Release {
  template <class Handle>
  void operator()(Handle* handle) const {
    release(handle);
  }
};

using OwnedPool = std::unique_ptr<cleave_pool, Release<cleave_pool_release>>;
using OwnedSpace = std::unique_ptr<cleave_space, Release<cleave_space_release>>;
using OwnedSnapshot = std::unique_ptr<cleave_snapshot, Release<cleave_snapshot_release>>;
using OwnedAccessor = std::unique_ptr<cleave_accessor, Release<cleave_accessor_release>>;
using OwnedPin = std::unique_ptr<cleave_pin, Release<cleave_pin_release>>;
using OwnedHold = std::unique_ptr<cleave_hold, Release<cleave_hold_release>>;
using OwnedView = std::unique_ptr<cleave_view, Release<cleave_view_release>>;
using OwnedArena = std::unique_ptr<cleave_arena, Release<cleave_arena_release>>;
using OwnedCommit = std::unique_ptr<cleave_commit, Release<cleave_commit_release>>;
using OwnedHeap = std::unique_ptr<cleave_heap, Release<cleave_heap_release>>;

/// All that the view shows.
inline std::string shown_by(const cleave_view* view) {
  std::size_t count = 0;
  const iovec* pieces = cleave_view_pieces(view, &count);
  std::string text;
  for (std::size_t i = 0; i < count; ++i)
    text.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
  return text;
}

inline std::string message(const cleave_error& error) {
  std::string text(cleave_error_message(&error, nullptr, 0), '\0');
  (void)cleave_error_message(&error, text.data(), text.size() + 1);
  return text;
}

constexpr std::size_t kPage = 4096;

/// A test that has a pool and an error, and does not go on after a call that must succeed.
class InC : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(pool, nullptr) << message(error); }

  void ok(cleave_code code) { ASSERT_EQ(code, CLEAVE_OK) << message(error); }

  [[nodiscard]] cleave_pool_statistics figures() const {
    cleave_pool_statistics s{};
    s.size = sizeof s;
    EXPECT_EQ(cleave_pool_get_statistics(pool.get(), &s, nullptr), CLEAVE_OK);
    return s;
  }

  cleave_error error{};
  OwnedPool pool{cleave_pool_create(64 << 20, &error)};
};

}  // namespace cleave::c
