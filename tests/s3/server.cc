#include "tests/s3/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <sstream>

#include <curl/curl.h>

#include "s3/sign.h"

namespace cleave::detail::s3 {
namespace {

constexpr const char* kAccess = "AK";
constexpr const char* kSecret = "SECRET";

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

std::string decoded(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string error_of(const std::string& code) {
  return "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code></Error>";
}

bool send_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

struct S3Server::Asked {
  std::string method;
  std::string path;  // encoded
  std::string key;
  std::vector<Parameter> query;
  std::map<std::string, std::string> headers;
  std::string body;

  [[nodiscard]] std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
  [[nodiscard]] std::string parameter(const std::string& name) const {
    const auto found = std::ranges::find(query, name, &Parameter::name);
    return found == query.end() ? "" : found->value;
  }
};

struct S3Server::Answered {
  int status = 200;
  std::string body = {};
  std::string headers = {};
};

S3Server::S3Server(Habits habits,
                   std::function<Fault(const std::string&, const std::string&)> fault)
    : habits_(habits), fault_(std::move(fault)) {
  // libcurl would ask a proxy that the environment names for addresses of loopback, too.
  [[maybe_unused]] static const int once = setenv("no_proxy", "*", 1);
  listening_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const named = reinterpret_cast<sockaddr*>(&address);
  if (bind(listening_, named, size) != 0 || listen(listening_, 64) != 0 ||
      getsockname(listening_, named, &size) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  serving_ = std::thread([this] { serve(); });
}

S3Server::~S3Server() {
  (void)shutdown(listening_, SHUT_RDWR);
  serving_.join();
  (void)close(listening_);
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) (void)shutdown(fd, SHUT_RDWR);
  }
  for (std::thread& talk : talks_) talk.join();
  for (const int fd : open_) (void)close(fd);
}

S3Options S3Server::options() const {
  S3Options options;
  options.endpoint = "http://127.0.0.1:" + std::to_string(port_);
  options.region = "us-east-1";
  options.access_key = kAccess;
  options.secret_key = kSecret;
  return options;
}

std::size_t S3Server::requests(const std::string& method) {
  const std::lock_guard lock(mutex_);
  std::size_t sum = 0;
  for (const auto& [each, count] : requests_) sum += method.empty() || each == method ? count : 0;
  return sum;
}

std::size_t S3Server::keys(const std::string& prefix) {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::ranges::count_if(
      objects_, [&](const auto& object) { return object.first.starts_with(prefix); }));
}

void S3Server::serve() {
  for (;;) {
    const int fd = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::lock_guard lock(mutex_);
    open_.push_back(fd);
    talks_.emplace_back([this, fd] { talk(fd); });
  }
}

// One request after the other, until the client goes or a fault ends it.
void S3Server::talk(int fd) {
  std::string got;
  const auto more = [&] {
    char buffer[65536];
    const ssize_t size = recv(fd, buffer, sizeof buffer, 0);
    if (size > 0) got.append(buffer, static_cast<std::size_t>(size));
    return size > 0;
  };
  for (;;) {
    std::size_t end = 0;
    while ((end = got.find("\r\n\r\n")) == got.npos) {
      if (!more()) return;
    }
    Asked asked;
    std::istringstream lines(got.substr(0, end));
    std::string target;
    lines >> asked.method >> target;
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
      if (line.ends_with('\r')) line.pop_back();
      const std::size_t colon = line.find(": ");
      if (colon != line.npos) asked.headers[lower(line.substr(0, colon))] = line.substr(colon + 2);
    }
    got.erase(0, end + 4);
    const std::string length = asked.header("content-length");
    const std::size_t size = length.empty() ? 0 : std::stoul(length);
    while (got.size() < size) {
      if (!more()) return;
    }
    asked.body = got.substr(0, size);
    got.erase(0, size);
    const std::size_t mark = target.find('?');
    asked.path = target.substr(0, mark);
    if (mark != target.npos) {
      std::istringstream parts(target.substr(mark + 1));
      for (std::string part; std::getline(parts, part, '&');) {
        const std::size_t equals = part.find('=');
        asked.query.push_back({decoded(part.substr(0, equals)), decoded(part.substr(equals + 1))});
      }
    }
    constexpr std::string_view kBucket = "/bucket/";
    asked.key = asked.path.starts_with(kBucket) ? asked.path.substr(kBucket.size()) : "?";

    Fault fault = Fault::none;
    Answered answered;
    {
      const std::lock_guard lock(mutex_);
      ++requests_[asked.method];
      fault = fault_(asked.method, asked.key);
      if (fault == Fault::error) {
        answered = {500, error_of("InternalError")};
      } else if (fault == Fault::unknown) {
        answered = {501, error_of("NotImplemented")};
      } else if (fault == Fault::forbidden) {
        answered = {403, error_of("AccessDenied")};
      } else if (fault == Fault::full) {
        answered = {507, error_of("InsufficientStorage")};
      } else if (fault != Fault::silent) {
        answered = answer(asked);
      }
    }
    if (fault == Fault::silent) {
      while (more()) {
      }
      return;
    }
    if (fault == Fault::lost) {
      (void)shutdown(fd, SHUT_RDWR);
      return;
    }
    char date[64];
    const std::time_t now = std::time(nullptr) + habits_.ahead;
    std::tm parts{};
    (void)gmtime_r(&now, &parts);
    (void)std::strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    const std::string text = "HTTP/1.1 " + std::to_string(answered.status) + " x\r\nDate: " + date +
                             "\r\nContent-Length: " + std::to_string(answered.body.size()) +
                             "\r\n" + answered.headers + "\r\n";
    const std::size_t sent = fault == Fault::cut ? answered.body.size() / 2 : answered.body.size();
    if (!send_all(fd, text + answered.body.substr(0, sent)) || fault == Fault::cut) {
      (void)shutdown(fd, SHUT_RDWR);
      return;
    }
  }
}

bool S3Server::is_signed(const Asked& asked) const {
  const std::string given = asked.header("authorization");
  const std::string mark = "SignedHeaders=";
  const std::size_t from = given.find(mark);
  if (from == given.npos) return false;
  Signable form{asked.method, asked.path, asked.query, {}, asked.header("x-amz-content-sha256")};
  std::istringstream names(
      given.substr(from + mark.size(), given.find(',', from) - from - mark.size()));
  for (std::string name; std::getline(names, name, ';');) {
    form.headers.push_back({name, asked.header(name)});
  }
  return form.payload == sha256_hex(asked.body) &&
         given ==
             authorization(form, {kAccess, kSecret, {}}, "us-east-1", asked.header("x-amz-date"));
}

S3Server::Answered S3Server::answer(const Asked& asked) {
  const std::time_t now = std::time(nullptr) + habits_.ahead;
  const std::string date = asked.header("x-amz-date");
  if (date < amz_date(now - 900) || date > amz_date(now + 900)) {
    return {403, error_of("RequestTimeTooSkewed")};
  }
  if (!is_signed(asked)) return {403, error_of("SignatureDoesNotMatch")};
  if (asked.key == "?") return {404, error_of("NoSuchBucket")};
  if (asked.method == "PUT") return put(asked);
  if (asked.method == "GET" && asked.key.empty()) return list(asked);
  const auto found = objects_.find(asked.key);
  if (asked.method == "DELETE") {
    if (found != objects_.end()) objects_.erase(found);
    return {204};
  }
  if (found == objects_.end()) return {404, error_of("NoSuchKey")};
  const Object& object = found->second;
  const std::string headers = "ETag: " + object.etag + "\r\n";
  const std::string range = asked.header("range");
  if (range.empty() || habits_.ignores_ranges) return {200, object.bytes, headers};
  const std::size_t first = std::stoul(range.substr(6));
  const std::size_t last = std::stoul(range.substr(range.find('-') + 1));
  if (first >= object.bytes.size()) return {416, error_of("InvalidRange")};
  return {206, object.bytes.substr(first, last - first + 1),
          headers + "Content-Range: bytes " + std::to_string(first) + "-" + std::to_string(last) +
              "/" + std::to_string(object.bytes.size()) + "\r\n"};
}

S3Server::Answered S3Server::put(const Asked& asked) {
  const auto found = objects_.find(asked.key);
  const std::string none = asked.header("if-none-match");
  const std::string match = asked.header("if-match");
  if (!habits_.ignores_conditions) {
    if (none == "*" && found != objects_.end()) return {412, error_of("PreconditionFailed")};
    if (!match.empty()) {
      if (found == objects_.end()) return {404, error_of("NoSuchKey")};
      std::string now = found->second.etag;
      if (habits_.wants_bare_etags) now = now.substr(1, now.size() - 2);
      if (match != now) return {412, error_of("PreconditionFailed")};
    }
  }
  const std::string etag = habits_.etags_of_size ? std::to_string(asked.body.size())
                                                 : sha256_hex(asked.body).substr(0, 32);
  objects_[asked.key] = {asked.body, "\"" + etag + "\""};
  return {200, "", "ETag: \"" + etag + "\"\r\n"};
}

S3Server::Answered S3Server::list(const Asked& asked) {
  const std::string prefix = asked.parameter("prefix");
  const std::string after = asked.parameter("continuation-token");
  std::string body = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><Name>bucket</Name>";
  std::size_t count = 0;
  std::string next;
  for (const auto& [key, object] : objects_) {
    if (!key.starts_with(prefix) || (!after.empty() && "=&" + key < after)) continue;
    if (count++ == habits_.page) {
      next = "=&amp;" + key;  // such letters are in tokens
      break;
    }
    body += "<Contents><Key>" + key + "</Key><Size>" + std::to_string(object.bytes.size()) +
            "</Size></Contents>";
  }
  body += next.empty() ? "<IsTruncated>false</IsTruncated>"
                       : "<IsTruncated>true</IsTruncated><NextContinuationToken>" + next +
                             "</NextContinuationToken>";
  return {200, body + "</ListBucketResult>"};
}

}  // namespace cleave::detail::s3
