#include "s3/http.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <new>
#include <string_view>

#include "s3/under_way.h"

namespace cleave::detail::s3 {
namespace {

// An answer that is an error is read so far, for its code.
constexpr std::uint64_t kMostOfAnError = 16 << 10;
constexpr milliseconds kMostForAConnection{5'000};

constexpr NoAnswer kAtTheEnd{"the process ends, and asks the S3 store for nothing any more",
                             ECANCELED, false};

struct Reading {
  CURL* curl;
  std::uint64_t most;
  Response response;
  bool too_long = false;
};

long status_of(CURL* curl) {
  long status = 0;
  (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

// Called by C, through which nothing may be thrown.
std::size_t take_body(char* from, std::size_t, std::size_t size, void* reading_as_void) noexcept {
  auto& reading = *static_cast<Reading*>(reading_as_void);
  Bytes& body = reading.response.body;
  const std::uint64_t most =
      status_of(reading.curl) >= 300 ? std::max(reading.most, kMostOfAnError) : reading.most;
  if (size > most - std::min<std::uint64_t>(most, body.size())) {
    reading.too_long = true;
    return 0;
  }
  try {
    const View bytes = image::view_of({from, size});
    body.insert(body.end(), bytes.begin(), bytes.end());
  } catch (const std::bad_alloc&) {
    return 0;
  }
  return size;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

// bytes 0-9/20
std::optional<std::uint64_t> first_of_range(std::string_view value) {
  constexpr std::string_view kUnit = "bytes ";
  if (!value.starts_with(kUnit)) return std::nullopt;
  std::uint64_t first = 0;
  const auto read =
      std::from_chars(value.data() + kUnit.size(), value.data() + value.size(), first);
  if (read.ec != std::errc{}) return std::nullopt;
  return first;
}

// As much room as the answer says that it needs, but no more than it may have: what grows as it
// comes is copied time and again.
void make_room(Reading& reading, std::string_view length) {
  std::uint64_t bytes = 0;
  const auto read = std::from_chars(length.data(), length.data() + length.size(), bytes);
  if (read.ec == std::errc{}) reading.response.body.reserve(std::min(bytes, reading.most));
}

std::size_t take_header(char* from, std::size_t, std::size_t size, void* reading_as_void) noexcept {
  auto& reading = *static_cast<Reading*>(reading_as_void);
  Response& response = reading.response;
  const std::string_view line(from, size);
  const std::size_t colon = line.find(':');
  if (colon == line.npos) return size;
  try {
    std::string name(line.substr(0, colon));
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    const std::string value(trimmed(line.substr(colon + 1)));
    if (name == "etag") response.etag = value;
    if (name == "content-range") response.first = first_of_range(value);
    if (name == "content-length") make_room(reading, value);
    if (name == "date") {
      const std::time_t when = curl_getdate(value.c_str(), nullptr);
      if (when != -1) response.date = when;
    }
  } catch (const std::bad_alloc&) {
    return 0;
  }
  return size;
}

NoAnswer no_answer(CURLcode code, bool too_long) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return {"the S3 store did not answer in time; look at the network, or raise the timeout",
              ETIMEDOUT, true};
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {"the S3 store's host has no address; look at the endpoint", EHOSTUNREACH, true};
    case CURLE_COULDNT_CONNECT:
      return {"the S3 store cannot be reached; look at the endpoint, and whether it runs",
              ECONNREFUSED, true};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return {"the S3 store's certificate is not trusted; AWS_CA_BUNDLE names others", EKEYREJECTED,
              false};
    case CURLE_SSL_CONNECT_ERROR:
      return {"the S3 store speaks no TLS that is understood; look at the endpoint's scheme",
              EPROTO, true};
    case CURLE_WRITE_ERROR:
      if (too_long) return {"the S3 store answers with more than was asked for", EPROTO, false};
      return {"out of memory for an answer of the S3 store", ENOMEM, false};
    default:
      return {"the connection to the S3 store broke", ECONNRESET, true};
  }
}

// Called by C, now and then while a request is under way: not 0, and it ends.
int is_to_stop(void*, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
  return UnderWay::is_ending() ? 1 : 0;
}

class HeaderList {
 public:
  HeaderList() = default;
  ~HeaderList() { curl_slist_free_all(list_); }
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;

  void add(const std::string& line) {
    curl_slist* const longer = curl_slist_append(list_, line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    list_ = longer;
  }
  [[nodiscard]] curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

void set_up_curl_once() {
  static const CURLcode done = [] {
    const CURLcode set_up = curl_global_init(CURL_GLOBAL_DEFAULT);
    UnderWay::watch_the_end();
    return set_up;
  }();
  if (done != CURLE_OK) throw std::bad_alloc();
}

}  // namespace

// Its connections may speak TLS: at the end they are left to the kernel.
void Http::CloseCurl::operator()(CURL* curl) const {
  const Uncancelled here;
  if (const Entered entered; entered) curl_easy_cleanup(curl);
}

Http::Http(std::string certificates) : certificates_(std::move(certificates)) {
  set_up_curl_once();
  curl_.reset(curl_easy_init());
  if (curl_ == nullptr) throw std::bad_alloc();
}

tl::expected<Response, NoAnswer> Http::send(const Request& request) {
  const Entered entered;
  if (!entered) return tl::unexpected(kAtTheEnd);
  CURL* const curl = curl_.get();
  curl_easy_reset(curl);  // All but the connections.
  Reading reading{curl, request.most, {}};
  HeaderList headers;
  for (const std::string& line : request.headers) headers.add(line);
  headers.add("Expect:");  // No asking whether a body may come.
  const milliseconds timeout = std::max(request.timeout, milliseconds(1));
  const auto set = [curl](auto option, auto value) { (void)curl_easy_setopt(curl, option, value); };
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_HTTPHEADER, headers.get());
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(std::min(timeout, kMostForAConnection).count()));
  if (!certificates_.empty()) set(CURLOPT_CAINFO, certificates_.c_str());
  set(CURLOPT_HEADERFUNCTION, &take_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(&reading));
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, &is_to_stop);
  set(CURLOPT_WRITEFUNCTION, &take_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&reading));
  if (request.method == "PUT") {
    set(CURLOPT_POSTFIELDS, reinterpret_cast<const char*>(request.body.data()));
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    // On a connection that was kept, and breaks, libcurl sends once more by itself, and says
    // nothing of it: then whoever wrote would be refused for what it wrote.
    set(CURLOPT_FRESH_CONNECT, 1L);
  }
  set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  const CURLcode code = curl_easy_perform(curl);
  if (code == CURLE_ABORTED_BY_CALLBACK) return tl::unexpected(kAtTheEnd);
  if (code != CURLE_OK) return tl::unexpected(no_answer(code, reading.too_long));
  reading.response.status = status_of(curl);
  return std::move(reading.response);
}

}  // namespace cleave::detail::s3
