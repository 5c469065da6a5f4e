// A way by TLS to a server on loopback, with a certificate that nobody else has signed.
#pragma once

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <openssl/ssl.h>

namespace cleave::detail::s3 {

/// Takes connections by TLS, and passes what they say to the server behind, and back. SIGPIPE is
/// ignored while there is one; several end in the opposite order of their making.
class TlsDoor {
 public:
  /// `name`: the address that the certificate is for. `file`: where it is written.
  TlsDoor(unsigned port_behind, const std::string& name, const std::string& file);
  ~TlsDoor();
  TlsDoor(const TlsDoor&) = delete;
  TlsDoor& operator=(const TlsDoor&) = delete;

  [[nodiscard]] std::string endpoint() const {
    return "https://127.0.0.1:" + std::to_string(port_);
  }

 private:
  void serve();
  void pass_on(int fd);

  unsigned port_behind_;
  SSL_CTX* context_;
  void (*pipes_before_)(int) = nullptr;
  int listening_ = -1;
  unsigned port_ = 0;
  std::mutex mutex_;
  std::vector<int> open_;
  std::vector<std::thread> passing_;
  std::thread serving_;
};

}  // namespace cleave::detail::s3
