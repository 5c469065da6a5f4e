// A program all of whose state lies in one piece of memory, and that works in epochs: what lies
// between two moments at which it would commit.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include <cleave/units.h>

namespace cleave::bench {

class Client {
 public:
  Client() = default;
  virtual ~Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// The same work in the same order, whoever looks on.
  virtual void run_epoch() = 0;
};

struct ClientKind {
  const char* name;
  const char* what;
  ByteCount memory;
  /// Keeps its state in `memory`, which is zeroes and outlives it.
  std::unique_ptr<Client> (*make)(std::span<std::byte> memory);
};

// Each in a file of its own.
extern const ClientKind kEmulatorClient;
extern const ClientKind kSqliteClient;
#if CLEAVE_HAVE_LUA
extern const ClientKind kLuaClient;
#endif

}  // namespace cleave::bench
