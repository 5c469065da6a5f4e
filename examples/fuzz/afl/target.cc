// The target for AFL++'s fork server, which is linked with it: prepared once, before the server's
// first fork.
#include <sys/mman.h>
#include <unistd.h>

#include "examples/fuzz/afl_interface.h"
#include "examples/fuzz/database.h"

extern "C" void __afl_manual_init();  // NOLINT: AFL++'s, where its server begins

int main() {
  using namespace cleave::example;
  sqlite3* const database = prepare_database();
  const void* const at =
      mmap(nullptr, sizeof(afl::Shared), PROT_READ, MAP_SHARED, afl::kInputFile, 0);
  if (at == MAP_FAILED) return 2;
  __afl_manual_init();  // returns in a child for each input
  const auto& input = *static_cast<const afl::Shared*>(at);
  _exit(execute(database, {input.statements.data(), input.size}) == SQLITE_OK ? 0 : 1);
}
