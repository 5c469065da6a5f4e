// A connection to a Redis server that is made again when it breaks.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <tl/expected.hpp>

struct redisContext;

namespace lab::campaign {

struct Server {
  std::string host;
  int port = 0;
};

/// What the server answers: nothing, a text, or a list. A number is a text.
struct Reply {
  std::string text;
  std::vector<std::string> list;
};

/// One thread at a time uses it.
class Redis {
 public:
  /// Nothing is connected yet. `patience`: how long a server that cannot be reached is tried again;
  /// `stop`: whether to give up before.
  Redis(Server server, std::chrono::seconds patience, std::function<bool()> stop);
  ~Redis();

  /// Sends a command, again where the connection broke before the answer came: each command has to
  /// be one that may be done twice. Errors: the server cannot be reached, or refuses.
  tl::expected<Reply, std::string> call(const std::vector<std::string>& words);

 private:
  struct Free {
    void operator()(redisContext* context) const;
  };
  bool connect();

  Server server_;
  std::chrono::seconds patience_;
  std::function<bool()> stop_;
  std::unique_ptr<redisContext, Free> context_;
  std::string why_not_;
};

}  // namespace lab::campaign
