#include "lab/campaign/redis.h"

#include <thread>
#include <utility>

#include <fmt/format.h>
#include <hiredis/hiredis.h>

namespace lab::campaign {
namespace {

constexpr timeval kOneSecond{1, 0};
constexpr timeval kAnswersWithin{10, 0};
constexpr auto kBetweenTries = std::chrono::milliseconds(50);

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using OwnedReply = std::unique_ptr<redisReply, FreeReply>;

std::string text_of(const redisReply& reply) {
  if (reply.type == REDIS_REPLY_INTEGER) return std::to_string(reply.integer);
  return reply.str == nullptr ? std::string() : std::string(reply.str, reply.len);
}

Reply copy_of(const redisReply& reply) {
  Reply copy{text_of(reply), {}};
  for (std::size_t i = 0; i < reply.elements; ++i) copy.list.push_back(text_of(*reply.element[i]));
  return copy;
}

// The server has just begun, and still reads what it kept.
bool is_passing(const redisReply& error) { return text_of(error).starts_with("LOADING"); }

}  // namespace

void Redis::Free::operator()(redisContext* context) const { redisFree(context); }

Redis::Redis(Server server, std::chrono::seconds patience, std::function<bool()> stop)
    : server_(std::move(server)), patience_(patience), stop_(std::move(stop)) {}

Redis::~Redis() = default;

bool Redis::connect() {
  if (context_ != nullptr && context_->err == 0) return true;
  context_.reset(redisConnectWithTimeout(server_.host.c_str(), server_.port, kOneSecond));
  if (context_ != nullptr && context_->err == 0)
    return redisSetTimeout(context_.get(), kAnswersWithin) == REDIS_OK;
  why_not_ = context_ == nullptr ? "out of memory" : context_->errstr;
  return false;
}

tl::expected<Reply, std::string> Redis::call(const std::vector<std::string>& words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const std::string& word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  const auto until = std::chrono::steady_clock::now() + patience_;
  for (;;) {
    if (connect()) {
      const OwnedReply reply(static_cast<redisReply*>(redisCommandArgv(
          context_.get(), static_cast<int>(texts.size()), texts.data(), sizes.data())));
      if (reply == nullptr) {
        why_not_ = context_->errstr;
      } else if (reply->type != REDIS_REPLY_ERROR) {
        return copy_of(*reply);
      } else if (is_passing(*reply)) {
        why_not_ = text_of(*reply);
      } else {
        return tl::unexpected(fmt::format("{}:{}: the server refuses: {}", server_.host,
                                          server_.port, text_of(*reply)));
      }
    }
    if (std::chrono::steady_clock::now() > until || (stop_ && stop_()))
      return tl::unexpected(
          fmt::format("{}:{} cannot be reached: {}", server_.host, server_.port, why_not_));
    std::this_thread::sleep_for(kBetweenTries);
  }
}

}  // namespace lab::campaign
