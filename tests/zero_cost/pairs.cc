// Pairs of functions: ours_<name> uses the engine's atomics, plain_<name> what they stand for.
// zero_cost.sh compiles this file and compares the instructions of each pair.
// Where the compiler is free to choose (operand order, say), both sides are written alike.
#include <atomic>
#include <cstddef>
#include <cstdint>

#include <cleave/detail/atomic.h>
#include <cleave/detail/word.h>

namespace cleave::detail {

using Ours = sync::atomic<std::uint64_t>;
using Plain = std::atomic<std::uint64_t>;

static_assert(sizeof(Ours) == sizeof(Plain));

extern "C" {

std::uint64_t ours_load_relaxed(const Ours& a) { return a.load(sync::relaxed); }
std::uint64_t plain_load_relaxed(const Plain& a) { return a.load(std::memory_order_relaxed); }

std::uint64_t ours_load_acquire(const Ours& a) { return a.load(sync::acquire); }
std::uint64_t plain_load_acquire(const Plain& a) { return a.load(std::memory_order_acquire); }

std::uint64_t ours_load_seq_cst(const Ours& a) { return a.load(sync::seq_cst); }
std::uint64_t plain_load_seq_cst(const Plain& a) { return a.load(std::memory_order_seq_cst); }

void ours_store_relaxed(Ours& a, std::uint64_t v) { a.store(v, sync::relaxed); }
void plain_store_relaxed(Plain& a, std::uint64_t v) { a.store(v, std::memory_order_relaxed); }

void ours_store_release(Ours& a, std::uint64_t v) { a.store(v, sync::release); }
void plain_store_release(Plain& a, std::uint64_t v) { a.store(v, std::memory_order_release); }

void ours_store_seq_cst(Ours& a, std::uint64_t v) { a.store(v, sync::seq_cst); }
void plain_store_seq_cst(Plain& a, std::uint64_t v) { a.store(v, std::memory_order_seq_cst); }

std::uint64_t ours_exchange(Ours& a, std::uint64_t v) { return a.exchange(v, sync::acq_rel); }
std::uint64_t plain_exchange(Plain& a, std::uint64_t v) {
  return a.exchange(v, std::memory_order_acq_rel);
}

bool ours_compare_exchange(Ours& a, std::uint64_t& expected, std::uint64_t v) {
  return a.compare_exchange(expected, v, sync::acq_rel);
}
bool plain_compare_exchange(Plain& a, std::uint64_t& expected, std::uint64_t v) {
  return a.compare_exchange_strong(expected, v, std::memory_order_acq_rel,
                                   std::memory_order_acquire);
}

std::uint64_t ours_fetch_add(Ours& a, std::uint64_t v) { return a.fetch_add(v, sync::acq_rel); }
std::uint64_t plain_fetch_add(Plain& a, std::uint64_t v) {
  return a.fetch_add(v, std::memory_order_acq_rel);
}

std::uint64_t ours_fetch_sub(Ours& a, std::uint64_t v) { return a.fetch_sub(v, sync::acq_rel); }
std::uint64_t plain_fetch_sub(Plain& a, std::uint64_t v) {
  return a.fetch_sub(v, std::memory_order_acq_rel);
}

void ours_add(Ours& a, std::uint64_t v) { a.add(v, sync::relaxed); }
void plain_add(Plain& a, std::uint64_t v) { a.fetch_add(v, std::memory_order_relaxed); }

void ours_sub(Ours& a) { a.sub(1, sync::release); }
void plain_sub(Plain& a) { a.fetch_sub(1, std::memory_order_release); }

// A loop as the engine writes them: raise a count unless it is at its limit.
bool ours_raise(Ours& a, std::uint64_t limit) {
  std::uint64_t seen = a.load(sync::relaxed);
  do {
    if (seen >= limit) return false;
  } while (!a.compare_exchange(seen, seen + 1, sync::acq_rel));
  return true;
}
bool plain_raise(Plain& a, std::uint64_t limit) {
  std::uint64_t seen = a.load(std::memory_order_relaxed);
  do {
    if (seen >= limit) return false;
  } while (!a.compare_exchange_strong(seen, seen + 1, std::memory_order_acq_rel,
                                      std::memory_order_acquire));
  return true;
}

void* ours_pointer(const sync::atomic<void*>& a) { return a.load(sync::acquire); }
void* plain_pointer(const std::atomic<void*>& a) { return a.load(std::memory_order_acquire); }

void ours_publish(sync::atomic<void*>& a, void* p) { a.store(p, sync::release); }
void plain_publish(std::atomic<void*>& a, void* p) { a.store(p, std::memory_order_release); }

// The program's own words.
std::uint32_t ours_load_word(const std::byte* from) { return sync::load_word<std::uint32_t>(from); }
std::uint32_t plain_load_word(const std::byte* from) {
  return __atomic_load_n(reinterpret_cast<const std::uint32_t*>(from), __ATOMIC_ACQUIRE);
}

void ours_store_word(std::byte* to, std::uint64_t v) { sync::store_word(to, v); }
void plain_store_word(std::byte* to, std::uint64_t v) {
  __atomic_store_n(reinterpret_cast<std::uint64_t*>(to), v, __ATOMIC_RELEASE);
}

std::uint64_t ours_fetch_add_word(std::byte* at, std::uint64_t v) {
  return sync::fetch_add_word(at, v);
}
std::uint64_t plain_fetch_add_word(std::byte* at, std::uint64_t v) {
  return __atomic_fetch_add(reinterpret_cast<std::uint64_t*>(at), v, __ATOMIC_SEQ_CST);
}

// The control: these two differ on every machine, and the comparison has to say so.
std::uint64_t ours_control(Ours& a) { return a.fetch_add(1, sync::relaxed); }
std::uint64_t plain_control(Plain& a) { return a.fetch_add(2, std::memory_order_relaxed); }

}  // extern "C"

}  // namespace cleave::detail
