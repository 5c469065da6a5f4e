#include "adapters/sqlite/page_cache.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

namespace cleave::sqlite {
namespace {

sqlite3_pcache_methods2 files;  // SQLite's own

struct Page {
  sqlite3_pcache_page shown;  // first: SQLite hands back its address
  unsigned key;
  Page* next;  // in its bucket, or among the spare ones
};

// Some pages' contents, and the notes about them.
struct Chunk {
  Chunk* next;
  void* contents;
};

constexpr unsigned kFewestBuckets = 256;
constexpr unsigned kFewestPages = 4;
constexpr unsigned kMostPages = 64;

// SQLite 3.40 takes a cell that begins where a page ends for one that runs over the end, and calls
// the database malformed. Such a cell lies in a block of its own, so no such block may follow a
// page without a gap.
constexpr int kGap = 16;

constexpr int rounded(std::size_t bytes) {
  return static_cast<int>((bytes + 15) & ~std::size_t{15});
}

class MemoryCache {
 public:
  MemoryCache(int page_bytes, int extra_bytes)
      : page_bytes_(page_bytes),
        note_bytes_(rounded(sizeof(Page)) + rounded(static_cast<std::size_t>(extra_bytes))) {}
  MemoryCache(const MemoryCache&) = delete;
  MemoryCache& operator=(const MemoryCache&) = delete;
  ~MemoryCache() {
    while (chunks_ != nullptr) {
      Chunk* const chunk = chunks_;
      chunks_ = chunk->next;
      sqlite3_free(chunk->contents);
      sqlite3_free(chunk);
    }
    sqlite3_free(buckets_);
  }

  [[nodiscard]] unsigned pages() const { return pages_; }

  Page* find(unsigned key) const {
    if (bucket_count_ == 0) return nullptr;
    Page* page = bucket(key);
    while (page != nullptr && page->key != key) page = page->next;
    return page;
  }

  /// nullptr: no memory.
  Page* add(unsigned key) {
    if (pages_ >= bucket_count_ && !widen()) return nullptr;
    if (spare_ == nullptr && !provide()) return nullptr;
    Page* const page = spare_;
    spare_ = page->next;
    std::memset(page->shown.pExtra, 0, sizeof(void*));  // how SQLite knows a page as new
    page->key = key;
    link(page);
    ++pages_;
    return page;
  }

  /// The page stays, for the next one that is added.
  void remove(Page* page) {
    unlink(page);
    --pages_;
    page->next = spare_;
    spare_ = page;
  }

  void rename(Page* page, unsigned key) {
    if (Page* old = find(key)) remove(old);
    unlink(page);
    page->key = key;
    link(page);
  }

  /// Removes the pages from `limit` on. Keys are dense: the next ones lie in the next buckets.
  void truncate(unsigned limit) {
    if (bucket_count_ == 0 || limit > greatest_key_) return;
    const unsigned count = std::min(greatest_key_ - limit, bucket_count_ - 1) + 1;
    for (unsigned i = 0; i < count; ++i) {
      for (Page* page = bucket(limit + i); page != nullptr;) {
        Page* const next = page->next;
        if (page->key >= limit) remove(page);
        page = next;
      }
    }
    greatest_key_ = limit == 0 ? 0 : limit - 1;
  }

 private:
  [[nodiscard]] Page*& bucket(unsigned key) const { return buckets_[key & (bucket_count_ - 1)]; }

  void link(Page* page) {
    page->next = bucket(page->key);
    bucket(page->key) = page;
    greatest_key_ = std::max(greatest_key_, page->key);
  }

  void unlink(Page* page) {
    Page** at = &bucket(page->key);
    while (*at != page) at = &(*at)->next;
    *at = page->next;
  }

  // More spare pages: few for the many caches that never hold more, many for a database.
  bool provide() {
    const unsigned count = std::clamp(pages_, kFewestPages, kMostPages);
    auto* chunk = static_cast<Chunk*>(
        sqlite3_malloc(rounded(sizeof(Chunk)) + static_cast<int>(count) * note_bytes_));
    void* contents = sqlite3_malloc(static_cast<int>(count) * page_bytes_ + kGap);
    if (chunk == nullptr || contents == nullptr) {
      sqlite3_free(chunk);
      sqlite3_free(contents);
      return false;
    }
    *chunk = {chunks_, contents};
    chunks_ = chunk;
    auto* note = reinterpret_cast<std::byte*>(chunk) + rounded(sizeof(Chunk));
    auto* content = static_cast<std::byte*>(contents);
    for (unsigned i = 0; i < count; ++i, note += note_bytes_, content += page_bytes_) {
      spare_ = new (note) Page{{content, note + rounded(sizeof(Page))}, 0, spare_};
    }
    return true;
  }

  bool widen() {
    const unsigned count = std::max(kFewestBuckets, 2 * bucket_count_);
    // NOLINTNEXTLINE(bugprone-sizeof-expression): a bucket is a pointer, to its first page.
    auto** wider = static_cast<Page**>(sqlite3_malloc64(std::uint64_t{count} * sizeof(Page*)));
    if (wider == nullptr) return false;
    std::fill_n(wider, count, nullptr);
    Page** const before = buckets_;
    const unsigned before_count = bucket_count_;
    buckets_ = wider;
    bucket_count_ = count;
    for (unsigned i = 0; i < before_count; ++i) {
      for (Page* page = before[i]; page != nullptr;) {
        Page* const next = page->next;
        link(page);
        page = next;
      }
    }
    sqlite3_free(before);
    return true;
  }

  int page_bytes_;
  int note_bytes_;
  Chunk* chunks_ = nullptr;
  Page* spare_ = nullptr;
  Page** buckets_ = nullptr;
  unsigned bucket_count_ = 0;  // a power of two, or none yet
  unsigned pages_ = 0;
  unsigned greatest_key_ = 0;  // no page has a greater one
};

/// What SQLite holds as its sqlite3_pcache: one of ours, or one of its own.
struct Cache {
  sqlite3_pcache* file;
  MemoryCache* memory;
};

Cache& of(sqlite3_pcache* cache) { return *reinterpret_cast<Cache*>(cache); }
Page* of(sqlite3_pcache_page* page) { return reinterpret_cast<Page*>(page); }

sqlite3_pcache* create(int page_bytes, int extra_bytes, int may_be_dropped) {
  auto* cache = static_cast<Cache*>(sqlite3_malloc(sizeof(Cache)));
  if (cache == nullptr) return nullptr;
  *cache = {nullptr, nullptr};
  if (may_be_dropped != 0) {
    cache->file = files.xCreate(page_bytes, extra_bytes, may_be_dropped);
  } else if (void* place = sqlite3_malloc(sizeof(MemoryCache)); place != nullptr) {
    cache->memory = new (place) MemoryCache(page_bytes, extra_bytes);
  }
  if (cache->file != nullptr || cache->memory != nullptr) {
    return reinterpret_cast<sqlite3_pcache*>(cache);
  }
  sqlite3_free(cache);
  return nullptr;
}

void destroy(sqlite3_pcache* handle) {
  Cache& cache = of(handle);
  if (cache.file != nullptr) files.xDestroy(cache.file);
  if (cache.memory != nullptr) {
    cache.memory->~MemoryCache();
    sqlite3_free(cache.memory);
  }
  sqlite3_free(&cache);
}

sqlite3_pcache_page* fetch(sqlite3_pcache* handle, unsigned key, int create) {
  Cache& cache = of(handle);
  if (cache.file != nullptr) return files.xFetch(cache.file, key, create);
  Page* page = cache.memory->find(key);
  if (page == nullptr && create != 0) page = cache.memory->add(key);
  return page == nullptr ? nullptr : &page->shown;
}

void unpin(sqlite3_pcache* handle, sqlite3_pcache_page* page, int discard) {
  Cache& cache = of(handle);
  if (cache.file != nullptr) return files.xUnpin(cache.file, page, discard);
  if (discard != 0) cache.memory->remove(of(page));
}

void rekey(sqlite3_pcache* handle, sqlite3_pcache_page* page, unsigned before, unsigned key) {
  Cache& cache = of(handle);
  if (cache.file != nullptr) return files.xRekey(cache.file, page, before, key);
  cache.memory->rename(of(page), key);
}

void truncate(sqlite3_pcache* handle, unsigned limit) {
  Cache& cache = of(handle);
  cache.file != nullptr ? files.xTruncate(cache.file, limit) : cache.memory->truncate(limit);
}

int count(sqlite3_pcache* handle) {
  Cache& cache = of(handle);
  return cache.file != nullptr ? files.xPagecount(cache.file)
                               : static_cast<int>(cache.memory->pages());
}

// A database in memory has its pages nowhere else: there is nothing to limit and nothing to give
// back.
void limit(sqlite3_pcache* handle, int pages) {
  if (of(handle).file != nullptr) files.xCachesize(of(handle).file, pages);
}
void shrink(sqlite3_pcache* handle) {
  if (of(handle).file != nullptr) files.xShrink(of(handle).file);
}

int initialize(void*) { return files.xInit(files.pArg); }
void shut_down(void*) { files.xShutdown(files.pArg); }

}  // namespace

const sqlite3_pcache_methods2& page_cache() {
  static const sqlite3_pcache_methods2 ours{1,        nullptr, initialize, shut_down, create,
                                            limit,    count,   fetch,      unpin,     rekey,
                                            truncate, destroy, shrink};
  return ours;
}

int install_page_cache() {
  const int status = sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &files);
  return status == SQLITE_OK ? sqlite3_config(SQLITE_CONFIG_PCACHE2, &page_cache()) : status;
}

}  // namespace cleave::sqlite
