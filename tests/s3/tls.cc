#include "tests/s3/tls.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace cleave::detail::s3 {
namespace {

template <class T>
T* expect(T* made) {
  if (made == nullptr) std::abort();
  return made;
}

sockaddr_in loopback(unsigned port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

X509* self_signed(EVP_PKEY* key, const std::string& name) {
  X509* const made = expect(X509_new());
  (void)X509_set_version(made, 2);
  (void)ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
  (void)X509_gmtime_adj(X509_getm_notBefore(made), -86400);
  (void)X509_gmtime_adj(X509_getm_notAfter(made), 86400);
  (void)X509_set_pubkey(made, key);
  X509_NAME* const subject = X509_get_subject_name(made);
  const auto* const text = reinterpret_cast<const unsigned char*>("cleave's test");
  (void)X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, text, -1, -1, 0);
  (void)X509_set_issuer_name(made, subject);
  const std::string address = "IP:" + name;
  for (const auto& [what, value] : {std::pair(NID_basic_constraints, "critical,CA:TRUE"),
                                    std::pair(NID_subject_alt_name, address.c_str())}) {
    X509_EXTENSION* const extension = expect(X509V3_EXT_conf_nid(nullptr, nullptr, what, value));
    (void)X509_add_ext(made, extension, -1);
    X509_EXTENSION_free(extension);
  }
  if (X509_sign(made, key, EVP_sha256()) == 0) std::abort();
  return made;
}

SSL_CTX* context_with_certificate(const std::string& name, const std::string& file) {
  EVP_PKEY* const key = expect(EVP_EC_gen("P-256"));
  X509* const certificate = self_signed(key, name);
  SSL_CTX* const context = expect(SSL_CTX_new(TLS_server_method()));
  if (SSL_CTX_use_certificate(context, certificate) != 1 ||
      SSL_CTX_use_PrivateKey(context, key) != 1) {
    std::abort();
  }
  std::FILE* const out = expect(std::fopen(file.c_str(), "we"));
  if (PEM_write_X509(out, certificate) != 1 || std::fclose(out) != 0) std::abort();
  X509_free(certificate);
  EVP_PKEY_free(key);
  return context;
}

bool send_whole(int fd, const char* from, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = send(fd, from, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    from += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

// Until either side ends.
void pass_both_ways(SSL* tls, int client, int behind) {
  std::array<char, 16384> bytes{};
  for (;;) {
    std::array<pollfd, 2> ready{{{client, POLLIN, 0}, {behind, POLLIN, 0}}};
    if (SSL_pending(tls) == 0 && poll(ready.data(), ready.size(), -1) <= 0) return;
    if (SSL_pending(tls) != 0 || ready[0].revents != 0) {
      const int got = SSL_read(tls, bytes.data(), bytes.size());
      if (got <= 0 || !send_whole(behind, bytes.data(), static_cast<std::size_t>(got))) return;
    }
    if (ready[1].revents != 0) {
      const ssize_t got = recv(behind, bytes.data(), bytes.size(), 0);
      if (got <= 0 || SSL_write(tls, bytes.data(), static_cast<int>(got)) <= 0) return;
    }
  }
}

}  // namespace

TlsDoor::TlsDoor(unsigned port_behind, const std::string& name, const std::string& file)
    : port_behind_(port_behind), context_(context_with_certificate(name, file)) {
  pipes_before_ = signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to clients that have gone.
  listening_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* const named = reinterpret_cast<sockaddr*>(&address);
  if (bind(listening_, named, size) != 0 || listen(listening_, 64) != 0 ||
      getsockname(listening_, named, &size) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  serving_ = std::thread([this] { serve(); });
}

TlsDoor::~TlsDoor() {
  (void)shutdown(listening_, SHUT_RDWR);
  serving_.join();
  (void)close(listening_);
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) (void)shutdown(fd, SHUT_RDWR);
  }
  for (std::thread& each : passing_) each.join();
  for (const int fd : open_) (void)close(fd);
  SSL_CTX_free(context_);
  (void)signal(SIGPIPE, pipes_before_);
}

void TlsDoor::serve() {
  for (;;) {
    const int fd = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const std::lock_guard lock(mutex_);
    open_.push_back(fd);
    passing_.emplace_back([this, fd] { pass_on(fd); });
  }
}

void TlsDoor::pass_on(int fd) {
  const int behind = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port_behind_);
  SSL* const tls = expect(SSL_new(context_));
  (void)SSL_set_fd(tls, fd);
  if (connect(behind, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      SSL_accept(tls) == 1) {
    pass_both_ways(tls, fd, behind);
    (void)SSL_shutdown(tls);
  }
  SSL_free(tls);
  (void)shutdown(fd, SHUT_RDWR);
  (void)close(behind);
}

}  // namespace cleave::detail::s3
