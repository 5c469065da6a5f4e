#include "tools/sqlite/page_cache.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>

namespace cleave::sqlite {
namespace {

sqlite3_pcache_methods2 files;  // SQLite's own

struct Page {
  sqlite3_pcache_page shown;  // first: SQLite hands back its address
  unsigned key;
  Page* next;  // in its bucket
};

constexpr unsigned kFewestBuckets = 256;

unsigned extra_offset() { return (sizeof(Page) + 15) & ~15u; }

class MemoryCache {
 public:
  MemoryCache(int page_bytes, int extra_bytes)
      : page_bytes_(page_bytes), extra_bytes_(extra_bytes) {}
  MemoryCache(const MemoryCache&) = delete;
  MemoryCache& operator=(const MemoryCache&) = delete;
  ~MemoryCache() {
    truncate(0);
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
    if (pages_ >= bucket_count_ && !grow()) return nullptr;
    auto* page =
        static_cast<Page*>(sqlite3_malloc(static_cast<int>(extra_offset()) + extra_bytes_));
    void* content = sqlite3_malloc(page_bytes_);
    if (page == nullptr || content == nullptr) {
      sqlite3_free(page);
      sqlite3_free(content);
      return nullptr;
    }
    void* extra = reinterpret_cast<char*>(page) + extra_offset();
    std::memset(extra, 0, sizeof(void*));  // how SQLite knows a page that it has not seen before
    *page = {.shown = {content, extra}, .key = key, .next = nullptr};
    link(page);
    ++pages_;
    return page;
  }

  void remove(Page* page) {
    unlink(page);
    --pages_;
    sqlite3_free(page->shown.pBuf);
    sqlite3_free(page);
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

  bool grow() {
    const unsigned count = std::max(kFewestBuckets, 2 * bucket_count_);
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
  int extra_bytes_;
  Page** buckets_ = nullptr;
  unsigned bucket_count_ = 0;  // a power of two, or none yet
  unsigned pages_ = 0;
  unsigned greatest_key_ = 0;  // that was ever linked since the last truncation
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

// A database in memory has its pages nowhere else: there is nothing to limit and nothing to give back.
void limit(sqlite3_pcache* handle, int pages) {
  if (of(handle).file != nullptr) files.xCachesize(of(handle).file, pages);
}
void shrink(sqlite3_pcache* handle) {
  if (of(handle).file != nullptr) files.xShrink(of(handle).file);
}

int start(void*) { return files.xInit(files.pArg); }
void stop(void*) { files.xShutdown(files.pArg); }

}  // namespace

int install_page_cache() {
  if (const int status = sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &files); status != SQLITE_OK) {
    return status;
  }
  static const sqlite3_pcache_methods2 ours{1,     nullptr, start, stop,     create,  limit, count,
                                            fetch, unpin,   rekey, truncate, destroy, shrink};
  return sqlite3_config(SQLITE_CONFIG_PCACHE2, &ours);
}

}  // namespace cleave::sqlite
