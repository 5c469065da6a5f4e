// What an operation answered, in words that a failing test can print.
#pragma once

#include <ostream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cleave/error.h>

namespace cleave::detail {

inline void PrintTo(Errc code, std::ostream* out) { *out << name(code); }
inline void PrintTo(Address a, std::ostream* out) {
  *out << "0x" << std::hex << raw(a) << std::dec;
}
inline void PrintTo(PageNo p, std::ostream* out) { *out << "page " << raw(p); }
inline void PrintTo(FrameId f, std::ostream* out) { *out << "frame " << raw(f); }
inline void PrintTo(const PageRange& r, std::ostream* out) {
  *out << "[" << raw(r.first) << ", " << raw(r.end) << ")";
}

/// For EXPECT_TRUE: the result holds, or the error's message.
template <class T>
testing::AssertionResult holds(const Result<T>& result) {
  if (result) return testing::AssertionSuccess();
  return testing::AssertionFailure() << result.error().message();
}

/// For EXPECT_TRUE: the operation failed with `code`.
template <class T>
testing::AssertionResult fails_with(const Result<T>& result, Errc code) {
  if (result) return testing::AssertionFailure() << "succeeded; expected " << name(code);
  if (result.error().code == code) return testing::AssertionSuccess();
  return testing::AssertionFailure() << result.error().message() << "; expected " << name(code);
}

/// ... and says that `where` is the first byte that it could not serve.
template <class T>
testing::AssertionResult fails_at(const Result<T>& result, Errc code, Address where) {
  if (auto failed = fails_with(result, code); !failed) return failed;
  if (result.error().where == where) return testing::AssertionSuccess();
  return testing::AssertionFailure()
         << result.error().message() << "; expected it at " << testing::PrintToString(where);
}

}  // namespace cleave::detail
