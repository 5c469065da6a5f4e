// A core and all memory that its state lies in, under commits.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <cleave/arena.h>
#include <cleave/heap.h>

#include "examples/libretro/core.h"

namespace cleave::example {

/// Which memory goes back.
enum class Covered { heap, heap_and_segments };

class Machine {
 public:
  Machine(Covered covered, const std::filesystem::path& library, const Cartridge& cartridge,
          const std::filesystem::path& folder, const std::string& file);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  Core& core() { return *core_; }
  Commit commit();
  void checkout(const Commit& commit);

 private:
  Pool pool_;
  Arena memory_;
  std::optional<Core> core_;
  std::vector<Arena> segments_;
};

/// Microseconds that `work` takes.
template <class Work>
double microseconds(Work&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start)
      .count();
}

}  // namespace cleave::example
