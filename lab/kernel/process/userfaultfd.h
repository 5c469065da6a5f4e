// What a test asks of userfaultfd: to be told of faults, and to resolve them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "lab/litmus/test.h"

namespace lab::kernel {

enum class Faults : std::uint8_t {
  missing,  ///< nothing is there
  minor,    ///< a file has it, and it is not mapped
};

// Of this process' pages. False: the kernel refuses.

bool write_protect(char* address, std::size_t bytes, litmus::WpMode mode);
bool write_unprotect(char* address, std::size_t bytes);
bool register_faults(char* address, std::size_t bytes, Faults which);
/// Waits for a fault on the page. Raises `heard_nothing` whenever there was none to be heard of for
/// a while.
void serve_fault(const char* address, std::atomic<std::uint32_t>& heard_nothing);
/// UFFDIO_COPY of small pages, each of whose halves holds `value`.
bool supply_bytes(char* address, std::size_t bytes, std::uint64_t value, bool protects);
bool supply_zeroes(char* address, std::size_t bytes);                 ///< UFFDIO_ZEROPAGE
bool supply_cached(char* address, std::size_t bytes, bool protects);  ///< UFFDIO_CONTINUE
bool move_by_userfaultfd(char* from, char* to, std::size_t bytes);

/// What is there is about to be unmapped, or moved: it is registered no more.
void forget_faults(const char* address, std::size_t bytes);
/// Nothing is registered any more: who reads from now on waits for no handler.
void end_faults();
/// Of a process that was just forked, by its only thread: nothing of it is registered.
void begin_faults_of_child();

}  // namespace lab::kernel
