#include "adapters/program/memory/program_heap.h"

namespace cleave::program {
namespace {
constinit ReservedHeap heap;
}

ReservedHeap& program_heap() noexcept { return heap; }

}  // namespace cleave::program
