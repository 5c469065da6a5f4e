// What every public header stands on: the language, and which symbols the shared library shows.
#pragma once

#if (defined(_MSVC_LANG) ? _MSVC_LANG : __cplusplus) < 202002L
#error "cleave needs C++20: compile with -std=c++20 or later"
#endif

/// Part of the library's interface. Everything else is hidden in the shared library.
#define CLEAVE_API [[gnu::visibility("default")]]
/// A private member of a class that is shown, which no inline function of a header calls.
#define CLEAVE_HIDDEN [[gnu::visibility("hidden")]]
