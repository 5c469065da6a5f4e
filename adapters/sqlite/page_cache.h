// Where SQLite's page cache keeps the pages of a database in memory.
#pragma once

#include <sqlite3.h>

namespace cleave::sqlite {

/// A page cache for databases in memory: a page of the database is a block of its own, and what
/// SQLite notes of it lies elsewhere, with that of its neighbours. SQLite's own cache puts the
/// notes behind each page, in one block that no page of memory fits: writing one page there changes
/// three of memory, and mere reading, which counts references in the notes, changes nearly all of
/// them. Pages of files are left to SQLite's own cache.
///
/// Everything lies in memory from sqlite3_malloc(). What was in a page stays reserved for the next
/// pages of the same cache.
const sqlite3_pcache_methods2& page_cache();

/// Makes it SQLite's. Call it before sqlite3_initialize(); the result is sqlite3_config()'s.
int install_page_cache();

}  // namespace cleave::sqlite
