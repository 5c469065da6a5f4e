// Where a loaded library keeps its variables.
#pragma once

#include <cstddef>
#include <span>

#include <cleave/detail/config.h>
#include <cleave/error.h>
#include <cleave/function_ref.h>

namespace cleave {

/// Calls `visit` for each run of whole pages in which a loaded library, or the program itself,
/// keeps variables that it may write: .data and .bss, without what the loader has made read-only
/// (RELRO), in order of address. Such a page may have other protections by now: a library's
/// constructor can make a part executable, say. Variables of threads (TLS) lie elsewhere.
///
/// `handle` is one of dlopen(3); dlopen(nullptr, RTLD_NOW) gives the program's. It must stay open
/// while the memory is used. `visit` may load and unload others. Errors, and nothing was visited:
/// bad_argument (null, or the loader does not know it), unsupported (of a namespace that dlmopen(3)
/// made, or with over 8 runs). Cost: a walk over all loaded libraries. Any thread.
CLEAVE_API Result<void> writable_segments(void* handle,
                                          function_ref<void(std::span<std::byte>)> visit);

}  // namespace cleave
