// Whether a sanitizer watches: it multiplies time and memory, and tests that measure either do
// less.
#pragma once

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CLEAVE_TESTS_SANITIZED 1
#endif
#endif
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CLEAVE_TESTS_SANITIZE_THREADS 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define CLEAVE_TESTS_SANITIZE_THREADS 1
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CLEAVE_TESTS_SANITIZED 1
#endif

namespace cleave::detail {

#ifdef CLEAVE_TESTS_SANITIZED
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

#ifdef CLEAVE_TESTS_SANITIZE_THREADS
inline constexpr bool kThreadSanitized = true;
#else
inline constexpr bool kThreadSanitized = false;
#endif

/// `full` rounds, or a tenth of them under a sanitizer.
constexpr int rounds(int full) { return kSanitized ? full / 10 : full; }

}  // namespace cleave::detail
