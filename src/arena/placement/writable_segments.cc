#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include <cleave/program/writable_segments.h>

#include "base/fail.h"

namespace cleave {
namespace {

constexpr std::uintptr_t page_below(std::uintptr_t address) {
  return address & ~std::uintptr_t{kPageSize - 1};
}
constexpr std::uintptr_t page_above(std::uintptr_t address) {
  return page_below(address + kPageSize - 1);
}

struct Run {
  std::uintptr_t first;
  std::uintptr_t end;
};

/// What is found while the loader's lock is held; the visits come afterwards.
class Runs {
 public:
  void add(Run run) {
    if (run.first >= run.end) return;
    if (count_ < runs_.size()) runs_[count_] = run;
    ++count_;
  }
  void add_without(Run run, Run hole) {
    const auto inside = [&](std::uintptr_t at) { return std::clamp(at, run.first, run.end); };
    add({run.first, inside(hole.first)});
    add({inside(hole.end), run.end});
  }
  [[nodiscard]] bool fit() const { return count_ <= runs_.size(); }
  [[nodiscard]] std::span<Run> in_order() {
    const std::span<Run> found(runs_.data(), count_);
    std::sort(found.begin(), found.end(), [](Run a, Run b) { return a.first < b.first; });
    return found;
  }

 private:
  std::array<Run, 8> runs_{};
  std::size_t count_ = 0;
};

struct Search {
  const void* dynamic;  // the library's dynamic section: no other has it
  bool found = false;
  Runs runs;
};

std::span<const ElfW(Phdr)> headers_of(const dl_phdr_info& library) {
  return {library.dlpi_phdr, library.dlpi_phnum};
}

bool is_sought(const dl_phdr_info& library, const void* dynamic) {
  const auto headers = headers_of(library);
  return std::any_of(headers.begin(), headers.end(), [&](const ElfW(Phdr) & header) {
    return header.p_type == PT_DYNAMIC &&
           library.dlpi_addr + header.p_vaddr == reinterpret_cast<std::uintptr_t>(dynamic);
  });
}

/// As the loader rounds it: a page that RELRO shares with .data stays writable.
Run read_only_part(const dl_phdr_info& library) {
  for (const ElfW(Phdr) & header : headers_of(library)) {
    if (header.p_type != PT_GNU_RELRO) continue;
    const std::uintptr_t first = library.dlpi_addr + header.p_vaddr;
    return {page_below(first), page_below(first + header.p_memsz)};
  }
  return {0, 0};
}

int look(dl_phdr_info* library, std::size_t /*size*/, void* data) {
  auto& search = *static_cast<Search*>(data);
  if (!is_sought(*library, search.dynamic)) return 0;
  search.found = true;
  const Run read_only = read_only_part(*library);
  for (const ElfW(Phdr) & header : headers_of(*library)) {
    if (header.p_type != PT_LOAD || (header.p_flags & PF_W) == 0) continue;
    const std::uintptr_t first = library->dlpi_addr + header.p_vaddr;
    search.runs.add_without({page_below(first), page_above(first + header.p_memsz)}, read_only);
  }
  return 1;
}

}  // namespace

Result<void> writable_segments(void* handle, function_ref<void(std::span<std::byte>)> visit) {
  using detail::fail;
  if (handle == nullptr) {
    return fail(Errc::bad_argument,
                "no library: pass a handle of dlopen(); "
                "dlopen(nullptr, RTLD_NOW) gives the program's own");
  }
  link_map* library = nullptr;
  if (dlinfo(handle, RTLD_DI_LINKMAP, static_cast<void*>(&library)) != 0 || library == nullptr) {
    return fail(Errc::bad_argument,
                "the loader does not know the library; pass a handle of dlopen()");
  }
  Search search{library->l_ld, false, {}};
  (void)dl_iterate_phdr(look, &search);
  if (!search.found) {
    return fail(Errc::unsupported,
                "the library is not in the program's own namespace; load it with dlopen()");
  }
  if (!search.runs.fit()) {
    return fail(Errc::unsupported, "the library's variables lie in more than 8 places");
  }
  for (const Run run : search.runs.in_order()) {
    visit({reinterpret_cast<std::byte*>(run.first), run.end - run.first});
  }
  return {};
}

}  // namespace cleave
