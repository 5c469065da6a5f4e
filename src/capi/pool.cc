// Pools, for C.
#include <memory>
#include <utility>

#include <cleave/backing.h>

#include "capi/handles.h"

using namespace cleave;
using namespace cleave::detail;

cleave_pool* cleave_pool_create(uint64_t budget, cleave_error* error) {
  return c::handle_of<cleave_pool>([&] { return Pool::create(budget); }, error);
}

cleave_pool* cleave_pool_create_with_backing(uint64_t budget, cleave_backing* backing,
                                             cleave_error* error) {
  std::unique_ptr<Backing> taken(reinterpret_cast<Backing*>(backing));
  if (const char* null = c::null_among(backing)) return c::refuse_handle(null, error);
  return c::handle_of<cleave_pool>([&] { return Pool::create(budget, std::move(taken)); }, error);
}

void cleave_pool_release(cleave_pool* pool) { sync::destroy(pool); }

cleave_code cleave_pool_reserve(cleave_pool* pool, uint64_t bytes, cleave_error* error) {
  if (const char* null = c::null_among(pool)) return c::refuse(null, error);
  return c::report(pool->pool.reserve(bytes), error);
}

cleave_code cleave_pool_trim(cleave_pool* pool, uint64_t* returned, cleave_error* error) {
  if (const char* null = c::null_among(pool)) return c::refuse(null, error);
  const auto trimmed = pool->pool.trim();
  if (!trimmed) return c::report(trimmed.error(), error);
  if (returned != nullptr) *returned = trimmed->value;
  c::set_ok(error);
  return CLEAVE_OK;
}

int cleave_pool_has_backing(const cleave_pool* pool) {
  return pool != nullptr && pool->pool.has_backing() ? 1 : 0;
}

cleave_code cleave_pool_evict(cleave_pool* pool, uint64_t bytes, uint64_t* freed,
                              cleave_error* error) {
  if (const char* null = c::null_among(pool)) return c::refuse(null, error);
  // Nothing is what evict() says in a child of fork(2), too; this tells the two apart.
  if (auto here = pool->pool.reserve(0); !here) return c::report(here, error);
  const ByteCount evicted = pool->pool.evict(bytes);
  if (freed != nullptr) *freed = evicted.value;
  c::set_ok(error);
  return CLEAVE_OK;
}

cleave_code cleave_pool_merge(cleave_pool* pool, uint64_t bytes, uint64_t* merged,
                              cleave_error* error) {
  if (const char* null = c::null_among(pool)) return c::refuse(null, error);
  const auto done = pool->pool.merge(bytes);
  if (!done) return c::report(done.error(), error);
  if (merged != nullptr) *merged = done->merged;
  c::set_ok(error);
  return CLEAVE_OK;
}

cleave_code cleave_pool_start_reclaim(cleave_pool* pool, uint64_t low, uint64_t high,
                                      cleave_error* error) {
  if (const char* null = c::null_among(pool)) return c::refuse(null, error);
  return c::report(pool->pool.start_reclaim({low, high}), error);
}

void cleave_pool_stop_reclaim(cleave_pool* pool) {
  if (pool != nullptr) pool->pool.stop_reclaim();
}

cleave_code cleave_pool_get_statistics(const cleave_pool* pool, cleave_pool_statistics* into,
                                       cleave_error* error) {
  if (const char* null = c::null_among(pool, into)) return c::refuse(null, error);
  const PoolStatistics s = pool->pool.statistics();
  return c::give_figures<cleave_pool_statistics>({.size = 0,
                                                  .budget = s.budget,
                                                  .used = s.used,
                                                  .free = s.free,
                                                  .ready = s.ready,
                                                  .returned = s.returned,
                                                  .untouched = s.untouched,
                                                  .nodes = s.nodes,
                                                  .regions = s.regions,
                                                  .spaces = s.spaces,
                                                  .accessors = s.accessors,
                                                  .short_pins = s.short_pins,
                                                  .long_pins = s.long_pins,
                                                  .copies = s.copies,
                                                  .zeroed = s.zeroed,
                                                  .away = s.away,
                                                  .went = s.went,
                                                  .came = s.came,
                                                  .merged = s.merged},
                                                 into, error);
}
