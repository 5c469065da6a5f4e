#include "image/pointers.h"

#include <elf.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/fail.h"
#include "base/uncancelled.h"
#include "image/format/commit.h"

namespace cleave::detail::image {
namespace {

std::string build_id_in(View notes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  while (notes.size() >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note;
    std::memcpy(&note, notes.data(), sizeof note);
    const auto padded = [](std::size_t size) { return (size + 3) & ~std::size_t{3}; };
    const std::size_t name = sizeof note;
    const std::size_t description = name + padded(note.n_namesz);
    const std::size_t end = description + padded(note.n_descsz);
    if (end > notes.size()) return {};
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
        std::memcmp(notes.data() + name, "GNU", 4) == 0) {
      std::string text;
      for (const std::byte byte : notes.subspan(description, note.n_descsz)) {
        text += kDigits[static_cast<unsigned>(byte) >> 4];
        text += kDigits[static_cast<unsigned>(byte) & 15];
      }
      return text;
    }
    notes = notes.subspan(end);
  }
  return {};
}

std::string program_path() {
  std::array<char, 1024> path{};
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size());
  return size > 0 ? std::string(path.data(), static_cast<std::size_t>(size)) : "the program";
}

int add_module(dl_phdr_info* info, std::size_t, void* into) {
  ImageModule module;
  module.name = *info->dlpi_name == '\0' ? program_path() : info->dlpi_name;
  std::uint64_t first = ~std::uint64_t{0};
  std::uint64_t end = 0;
  for (unsigned i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& part = info->dlpi_phdr[i];
    const std::uint64_t at = info->dlpi_addr + part.p_vaddr;
    if (part.p_type == PT_LOAD) {
      first = std::min(first, at & ~(kPageSize - 1));
      end = std::max(end, (at + part.p_memsz + kPageSize - 1) & ~(kPageSize - 1));
    } else if (part.p_type == PT_NOTE && module.build_id.empty()) {
      const auto* const notes = reinterpret_cast<const std::byte*>(at);  // NOLINT: the loader says
      module.build_id = build_id_in({notes, part.p_memsz});
    }
  }
  if (first >= end) return 0;
  module.base = first;
  module.size = end - first;
  module.name.resize(std::min(module.name.size(), kMostModuleName));
  static_cast<std::vector<ImageModule>*>(into)->push_back(std::move(module));
  return 0;
}

std::vector<ImageModule> modules_of_this_process() {
  std::vector<ImageModule> modules;
  (void)dl_iterate_phdr(add_module, &modules);
  return modules;
}

// Where many a number leads, and no pointer: memory that cannot be read, and a sanitizer's shadow.
// Below 4 GiB, and by terabytes, nothing else is mapped without a name unless a program insists.
bool is_no_target(const char* may, std::string_view name, std::uint64_t first, std::uint64_t end) {
  constexpr std::uint64_t kShadow = std::uint64_t{1} << 40;
  constexpr std::uint64_t kLow = std::uint64_t{1} << 32;
  return may[0] != 'r' || (name.empty() && (end - first >= kShadow || first < kLow));
}

void add_other_mappings(std::vector<ImageModule>& memory) {
  const Uncancelled here;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> maps(std::fopen("/proc/self/maps", "re"),
                                                             std::fclose);
  if (maps == nullptr) return;
  const std::vector<ImageModule> modules = memory;
  std::array<char, 4096> line{};
  while (std::fgets(line.data(), line.size(), maps.get()) != nullptr) {
    std::uint64_t first = 0;
    std::uint64_t end = 0;
    std::array<char, 8> may{};
    std::array<char, 1024> name{};
    if (std::sscanf(line.data(), "%lx-%lx %7s %*s %*s %*s %1000[^\n]", &first, &end, may.data(),
                    name.data()) < 3) {
      continue;
    }
    if (is_no_target(may.data(), name.data(), first, end)) continue;
    const bool of_module = std::ranges::any_of(modules, [&](const ImageModule& module) {
      return first >= module.base && first < module.base + module.size;
    });
    if (of_module) continue;
    memory.push_back(
        {name[0] == '\0' ? "memory without a name" : name.data(), "", first, end - first});
  }
}

}  // namespace

const char* architecture() {
#if defined(__x86_64__)
  return "x86_64";
#elif defined(__aarch64__)
  return "aarch64";
#else
  return "another";
#endif
}

std::vector<ImageModule> memory_of_this_process() {
  std::vector<ImageModule> memory = modules_of_this_process();
  add_other_mappings(memory);
  std::ranges::sort(memory, {}, &ImageModule::base);
  return memory;
}

OutsideWords::OutsideWords(const ImageRecord& record, std::vector<ImageModule> before)
    : found_(std::move(before)) {
  if (record.kind != ImageRecord::Kind::arena) return;
  memory_ = memory_of_this_process();
  const PageRange own = record.regions.front().pages;
  std::erase_if(memory_, [&](const ImageModule& part) {
    return part.base >= raw(address_of(own.first)) && part.base < raw(address_of(own.end));
  });
  met_.resize(memory_.size(), false);
  if (memory_.empty()) return;
  first_ = memory_.front().base;
  end_ = memory_.back().base + memory_.back().size;
}

void OutsideWords::look_at(View page) {
  if (memory_.empty()) return;
  for (std::size_t i = 0; i < page.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, page.data() + i, sizeof word);
    if (word < first_ || word >= end_) continue;
    const auto after = std::ranges::upper_bound(memory_, word, {}, &ImageModule::base);
    const auto part = after - 1;
    if (word - part->base < part->size)
      met_[static_cast<std::size_t>(part - memory_.begin())] = true;
  }
}

std::vector<ImageModule> OutsideWords::modules() const {
  std::vector<ImageModule> all = found_;
  for (std::size_t i = 0; i < memory_.size(); ++i) {
    if (met_[i] && std::ranges::find(all, memory_[i]) == all.end()) all.push_back(memory_[i]);
  }
  std::ranges::sort(all, {}, &ImageModule::base);
  if (all.size() > kMostModules) all.resize(kMostModules);
  return all;
}

Result<void> check_arena(const ImageRecord& record) {
  if (record.kind != ImageRecord::Kind::arena) {
    return fail(Errc::bad_argument, "the commit is of a space, not of an arena");
  }
  if (record.architecture != architecture()) {
    return fail(Errc::unsupported, "the image is of another processor architecture");
  }
  if (foreign(record.modules).empty()) return {};
  return fail(Errc::not_permitted,
              "words of the image lead to code or data that is not in this process at that "
              "place; foreign_modules() and `cleave image log` name it");
}

// What has no build-id is never known again: so no other mappings are looked at, and nothing where
// no word leads out.
std::vector<ImageModule> foreign(std::span<const ImageModule> modules) {
  if (modules.empty()) return {};
  const std::vector<ImageModule> here = modules_of_this_process();
  std::vector<ImageModule> lacking;
  for (const ImageModule& module : modules) {
    const bool known =
        !module.build_id.empty() && std::ranges::any_of(here, [&](const ImageModule& mine) {
          return mine.build_id == module.build_id && mine.base == module.base;
        });
    if (!known) lacking.push_back(module);
  }
  return lacking;
}

}  // namespace cleave::detail::image
