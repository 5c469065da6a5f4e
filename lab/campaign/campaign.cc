#include "lab/campaign/campaign.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <random>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "lab/campaign/scripts.h"

namespace lab::campaign {
namespace {

constexpr auto kBetweenSigns = std::chrono::milliseconds(500);
constexpr auto kBetweenLooks = std::chrono::milliseconds(100);
constexpr const char* kKeys[] = {"identity", "units", "answers", "workers", "wrong"};

// No two workers have one name, nor has one that was started again.
std::string new_name() {
  char host[256] = "";
  (void)gethostname(host, sizeof host - 1);
  return fmt::format("{}:{}:{:08x}", host, getpid(), std::random_device{}());
}

std::vector<std::string> command(const Place& place, const char* script) {
  std::vector<std::string> words{"EVAL", script, std::to_string(std::size(kKeys))};
  for (const char* key : kKeys) words.push_back(fmt::format("cleave:{}:{}", place.name, key));
  return words;
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

}  // namespace

tl::expected<Place, std::string> parse_place(const std::string& text) {
  Place place;
  const std::size_t slash = std::min(text.find('/'), text.size());
  if (slash < text.size()) place.name = text.substr(slash + 1);
  const std::string server = text.substr(0, slash);
  const std::size_t colon = server.rfind(':');
  if (colon != std::string::npos && colon != 0) {
    place.server.host = server.substr(0, colon);
    const char* const end = server.data() + server.size();
    const auto read = std::from_chars(server.data() + colon + 1, end, place.server.port);
    if (read.ec == std::errc{} && read.ptr == end && place.server.port > 0 &&
        place.server.port < 65536 && is_name(place.name))
      return place;
  }
  return tl::unexpected(fmt::format(
      "\"{}\" is not understood; write HOST:PORT of a Redis server, or HOST:PORT/NAME", text));
}

Campaign::Campaign(const Place& place, const hunt::Identity& identity,
                   std::vector<std::size_t> order, const Terms& terms)
    : place_(place),
      identity_(identity),
      order_(std::move(order)),
      terms_(terms),
      worker_(new_name()),
      redis_(place.server, terms.patience, terms.stop) {}

Campaign::~Campaign() = default;

tl::expected<std::unique_ptr<Campaign>, std::string> Campaign::join(const Place& place,
                                                                    const hunt::Identity& identity,
                                                                    std::vector<std::size_t> order,
                                                                    const hunt::Answers& answers,
                                                                    const Terms& terms) {
  std::unique_ptr<Campaign> campaign(new Campaign(place, identity, std::move(order), terms));
  for (std::size_t unit = 0; unit < answers.size(); ++unit)
    if (answers[unit]) campaign->made_.emplace(unit, hunt::line_of(unit, *answers[unit]));
  if (auto opened = campaign->open(); !opened) return tl::unexpected(opened.error());
  campaign->signs_ = std::jthread(
      [it = campaign.get()](const std::stop_token& stop) { it->give_signs_of_life(stop); });
  return campaign;
}

tl::expected<Reply, std::string> Campaign::run(const char* script,
                                               std::vector<std::string> arguments) {
  std::vector<std::string> words = command(place_, script);
  words.push_back(hunt::line_of(identity_));
  words.push_back(worker_);
  std::move(arguments.begin(), arguments.end(), std::back_inserter(words));
  return redis_.call(words);
}

tl::expected<void, std::string> Campaign::open() {
  std::vector<std::string> units;
  for (const std::size_t unit : order_) units.push_back(std::to_string(unit));
  const auto there = run(kOpen, std::move(units));
  if (!there) return tl::unexpected(there.error());
  if (there->text != hunt::line_of(identity_)) {
    const auto journal = hunt::parse_journal(there->text + '\n', place_.name);
    if (!journal) return tl::unexpected(journal.error());
    return tl::unexpected(fmt::format("the campaign \"{}\": {}", place_.name,
                                      hunt::difference(journal->identity, identity_)));
  }
  in_hand_.clear();
  for (const auto& [unit, line] : made_)
    if (auto offered = offer(unit); !offered) return offered;
  return {};
}

tl::expected<void, std::string> Campaign::offer(std::size_t unit) {
  const auto entry = in_hand_.find(unit);
  const auto reply = run(kAnswer, {entry == in_hand_.end() ? "" : entry->second,
                                   std::to_string(unit), made_.at(unit)});
  if (!reply) return tl::unexpected(reply.error());
  if (reply->list.at(0) == "wrong") return tl::unexpected(reply->list.at(1));
  if (reply->list.at(0) == "lost") return open();
  in_hand_.erase(unit);
  return {};
}

tl::expected<void, std::string> Campaign::answer(std::size_t unit, const hunt::Answer& answer) {
  const std::lock_guard lock(mutex_);
  made_.insert_or_assign(unit, hunt::line_of(unit, answer));
  return offer(unit);
}

tl::expected<std::optional<std::size_t>, std::string> Campaign::take() {
  for (;;) {
    if (terms_.stop && terms_.stop()) return std::nullopt;
    {
      const std::lock_guard lock(mutex_);
      std::vector<std::string> arguments{std::to_string(terms_.silence.count()),
                                         std::to_string(identity_.units)};
      for (const auto& [unit, entry] : in_hand_) arguments.push_back(entry);
      const auto reply = run(kTake, std::move(arguments));
      if (!reply) return tl::unexpected(reply.error());
      const std::string& what = reply->list.at(0);
      if (what == "wrong") return tl::unexpected(reply->list.at(1));
      if (what == "done") return std::nullopt;
      if (what == "unit") {
        const std::size_t unit = std::stoull(reply->list.at(2));
        in_hand_.insert_or_assign(unit, reply->list.at(1));
        return unit;
      }
      if (what == "lost") {
        if (auto opened = open(); !opened) return tl::unexpected(opened.error());
        continue;
      }
    }
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

tl::expected<hunt::Journal, std::string> Campaign::whole() {
  const std::lock_guard lock(mutex_);
  const auto lines = redis_.call({"HVALS", fmt::format("cleave:{}:answers", place_.name)});
  if (!lines) return tl::unexpected(lines.error());
  std::string all = hunt::line_of(identity_) + '\n';
  for (const std::string& line : lines->list) all += line + '\n';
  return hunt::parse_journal(all, place_.name);
}

// By a connection of its own: a unit may take longer than a worker may be silent.
void Campaign::give_signs_of_life(const std::stop_token& stop) {
  Redis redis(place_.server, std::chrono::seconds(0), nullptr);
  std::vector<std::string> words = command(place_, kBeat);
  words.push_back(hunt::line_of(identity_));
  words.push_back(worker_);
  while (!stop.stop_requested()) {
    (void)redis.call(words);  // If it cannot be reached, who takes and answers says so.
    std::this_thread::sleep_for(kBetweenSigns);
  }
}

}  // namespace lab::campaign
