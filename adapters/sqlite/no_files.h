// Keeps a database in memory from opening files: an open file would not be rolled back with it.
#pragma once

namespace cleave::sqlite {

/// The name of a VFS that gives time and random numbers as the default one does, and opens nothing.
const char* no_files();

/// For sqlite3_set_authorizer(): denies what leads to files, or to SQLite's variables outside of
/// the connection. ATTACH may open further databases in memory only; temporary tables stay there;
/// VACUUM does, VACUUM INTO does not; no extension is loaded.
int refuse_files(void*, int action, const char* first, const char* second, const char*,
                 const char*);

}  // namespace cleave::sqlite
