// Backings, for C. A cleave_backing is a Backing: the handle is the object itself.
#include <memory>
#include <utility>

#include <cleave/backing.h>
#include <cleave/backing/c.h>
#include <cleave/backing/compressed.h>
#include <cleave/backing/swap_file.h>

#include "base/fail.h"
#include "capi/report.h"
#include "sync/allocator.h"

using namespace cleave;
using namespace cleave::detail;

namespace {

using Made = Result<std::unique_ptr<Backing>>;

cleave_backing* handle(Made made, cleave_error* error) {
  if (!made) {
    (void)c::report(made.error(), error);
    return nullptr;
  }
  c::set_ok(error);
  return reinterpret_cast<cleave_backing*>(made->release());
}

Backing* backing_of(cleave_backing* handle) { return reinterpret_cast<Backing*>(handle); }

Made open(const cleave_swap_file_options* given) {
  const auto options = c::known_part(given);
  if (!options) return tl::unexpected(options.error());
  if ((options->flags & ~std::uint32_t{CLEAVE_SWAP_FILE_WRITE_AT_OPEN}) != 0) {
    return fail(Errc::bad_argument, "the options have a flag that this library does not know");
  }
  SwapFileOptions chosen;
  chosen.bytes = options->bytes;
  if (options->directory != nullptr) chosen.directory = options->directory;
  if (options->depth != 0) chosen.depth = options->depth;
  chosen.write_at_open = options->flags != 0;
  return swap_file(chosen);
}

Made open(const cleave_compressed_options* given, std::unique_ptr<Backing> next) {
  const auto options = c::known_part(given);
  if (!options) return tl::unexpected(options.error());
  return compressed({.bytes = options->bytes, .next = std::move(next), .pages = options->pages});
}

}  // namespace

cleave_backing* cleave_swap_file_open(const cleave_swap_file_options* options,
                                      cleave_error* error) {
  if (const char* null = c::null_among(options)) return c::refuse_handle(null, error);
  return handle(sync::or_no_memory("out of memory for the name of the swap file's directory",
                                   [&] { return open(options); }),
                error);
}

cleave_backing* cleave_compressed_open(const cleave_compressed_options* options,
                                       cleave_backing* next, cleave_error* error) {
  std::unique_ptr<Backing> taken(backing_of(next));
  if (const char* null = c::null_among(options)) return c::refuse_handle(null, error);
  return handle(open(options, std::move(taken)), error);
}

void cleave_backing_release(cleave_backing* backing) {
  const std::unique_ptr<Backing> ended(backing_of(backing));
}

cleave_code cleave_backing_get_statistics(const cleave_backing* backing,
                                          cleave_backing_statistics* into, cleave_error* error) {
  if (const char* null = c::null_among(backing, into)) return c::refuse(null, error);
  const BackingStatistics s = reinterpret_cast<const Backing*>(backing)->statistics();
  return c::give_figures<cleave_backing_statistics>({.size = 0,
                                                     .pages = s.pages,
                                                     .capacity = s.capacity,
                                                     .compressed_pages = s.compressed_pages,
                                                     .compressed_bytes = s.compressed_bytes,
                                                     .disk_bytes = s.disk_bytes,
                                                     .written = s.written,
                                                     .read = s.read,
                                                     .direct = s.direct ? 1u : 0u,
                                                     .ring = s.ring ? 1u : 0u},
                                                    into, error);
}
