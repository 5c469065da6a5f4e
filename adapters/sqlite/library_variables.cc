#include "adapters/sqlite/library_variables.h"

#include <dlfcn.h>
#include <link.h>

#include <cstdint>
#include <cstring>
#include <sstream>

namespace cleave::sqlite {
namespace {

struct Search {
  std::uintptr_t library;  // where it is loaded
  std::span<const std::byte> memory;
  std::vector<std::string> found;
};

void search(const dl_phdr_info& object, const ElfW(Phdr) & segment, Search& search) {
  const std::uintptr_t first = object.dlpi_addr + segment.p_vaddr;
  const std::uintptr_t end = first + segment.p_memsz;
  const auto memory = reinterpret_cast<std::uintptr_t>(search.memory.data());
  for (std::uintptr_t at = (first + 7) & ~std::uintptr_t{7}; at + sizeof at <= end; at += 8) {
    std::uintptr_t word = 0;
    std::memcpy(&word, reinterpret_cast<const void*>(at), sizeof word);
    if (word - memory >= search.memory.size()) continue;
    std::ostringstream place;
    place << object.dlpi_name << "+0x" << std::hex << at - object.dlpi_addr;
    search.found.push_back(place.str());
  }
}

int visit(dl_phdr_info* object, std::size_t, void* data) {
  auto& wanted = *static_cast<Search*>(data);
  if (object->dlpi_addr != wanted.library) return 0;
  for (unsigned i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    if (segment.p_type == PT_LOAD && (segment.p_flags & PF_W) != 0)
      search(*object, segment, wanted);
  }
  return 1;
}

}  // namespace

std::vector<std::string> pointers_from_library(std::span<const std::byte> memory) {
  // By its name: the address that the linker gives the program may be that of a stub in the program
  // itself.
  const void* code = dlsym(RTLD_DEFAULT, "sqlite3_libversion_number");
  Dl_info library{};
  Dl_info program{};
  if (code == nullptr || dladdr(code, &library) == 0) return {};
  const void* own = reinterpret_cast<const void*>(&pointers_from_library);
  if (dladdr(own, &program) != 0 && program.dli_fbase == library.dli_fbase) return {};
  Search search{reinterpret_cast<std::uintptr_t>(library.dli_fbase), memory, {}};
  (void)dl_iterate_phdr(visit, &search);
  return std::move(search.found);
}

}  // namespace cleave::sqlite
