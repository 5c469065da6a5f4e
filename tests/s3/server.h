// A small S3 on loopback, in this process, with the habits and faults of those that there are.
#pragma once

#include <atomic>
#include <ctime>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <cleave/image/s3.h>

namespace cleave::detail::s3 {

enum class Fault {
  none,
  error,      ///< 500, nothing was done
  lost,       ///< it is done, and the connection broken before the answer
  cut,        ///< half of the answer's body
  silent,     ///< no answer, ever
  unknown,    ///< 501
  forbidden,  ///< 403
  full,       ///< 507
};

struct Habits {
  bool ignores_conditions = false;
  bool wants_bare_etags = false;  ///< as radosgw 16
  bool ignores_ranges = false;
  bool etags_of_size = false;  ///< as some that sit on a file system
  std::time_t ahead = 0;       ///< of our clock its own is
  std::size_t page = 1000;     ///< keys in a page of a list
};

/// Has the bucket "bucket", and the keys that options() gives. Each request's signature is checked.
class S3Server {
 public:
  /// `fault` is asked for each request, by the threads of connections, one at a time.
  explicit S3Server(
      Habits habits = {},
      std::function<Fault(const std::string& method, const std::string& key)> fault =
          [](const auto&, const auto&) { return Fault::none; });
  ~S3Server();
  S3Server(const S3Server&) = delete;
  S3Server& operator=(const S3Server&) = delete;

  [[nodiscard]] S3Options options() const;
  [[nodiscard]] unsigned port() const { return port_; }
  /// Requests so far that began with `method`; empty: all.
  [[nodiscard]] std::size_t requests(const std::string& method = {});
  /// Keys that begin with `prefix`.
  [[nodiscard]] std::size_t keys(const std::string& prefix);

 private:
  struct Asked;
  struct Answered;
  struct Object {
    std::string bytes;
    std::string etag;
  };

  void serve();
  void talk(int fd);
  Answered answer(const Asked& asked);
  Answered put(const Asked& asked);
  Answered list(const Asked& asked);
  [[nodiscard]] bool is_signed(const Asked& asked) const;

  Habits habits_;
  std::function<Fault(const std::string&, const std::string&)> fault_;
  std::mutex mutex_;
  std::map<std::string, Object> objects_;
  std::map<std::string, std::size_t> requests_;
  std::vector<int> open_;
  int listening_ = -1;
  unsigned port_ = 0;
  std::vector<std::thread> talks_;
  std::thread serving_;
};

}  // namespace cleave::detail::s3
