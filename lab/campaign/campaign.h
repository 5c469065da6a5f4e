// A hunt whose units are shared out by a Redis server, to any number of workers on any machines.
//
//     a worker joins      the first one puts the units into a stream
//     takes a unit        that is new, or that a worker has who gave no sign of life for a while
//     answers it          answer and acknowledgement in one step; the same answer twice is one
//     all are answered    each worker has the whole
//
// Workers may be killed at any moment, and the server, too. If that has lost what it had, the next
// worker to notice puts the units there again, and each offers anew what it has made.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <tl/expected.hpp>

#include "lab/campaign/redis.h"
#include "lab/hunt/journal.h"

namespace lab::campaign {

/// Where a campaign is: HOST:PORT/NAME. Without a name it is called "hunt".
struct Place {
  Server server;
  std::string name = "hunt";
};
/// Error: what is wrong with the text.
tl::expected<Place, std::string> parse_place(const std::string& text);

struct Terms {
  std::chrono::seconds patience{60};  ///< with a server that cannot be reached
  std::chrono::seconds silence{5};    ///< after which a worker's units go to others
  std::function<bool()> stop;         ///< true: wait no more
};

/// Any thread may take and answer.
class Campaign {
 public:
  /// Joins what is there, or begins it: units in this order. `answers` are offered to the others.
  /// Errors: the server cannot be reached; what is there is of another build or another hunt.
  static tl::expected<std::unique_ptr<Campaign>, std::string> join(const Place& place,
                                                                   const hunt::Identity& identity,
                                                                   std::vector<std::size_t> order,
                                                                   const hunt::Answers& answers,
                                                                   const Terms& terms);
  ~Campaign();

  /// A unit to make; waits where all are in the hands of others. None: all are answered, or it was
  /// stopped. Errors: the server cannot be reached any more; two workers disagree.
  tl::expected<std::optional<std::size_t>, std::string> take();
  /// Errors: the same.
  tl::expected<void, std::string> answer(std::size_t unit, const hunt::Answer& answer);
  /// What all have answered so far. Errors: the server cannot be reached; it has what is no answer.
  tl::expected<hunt::Journal, std::string> whole();

 private:
  Campaign(const Place& place, const hunt::Identity& identity, std::vector<std::size_t> order,
           const Terms& terms);
  tl::expected<Reply, std::string> run(const char* script, std::vector<std::string> arguments);
  tl::expected<void, std::string> open();
  tl::expected<void, std::string> offer(std::size_t unit);
  void give_signs_of_life(const std::stop_token& stop);

  const Place place_;
  const hunt::Identity identity_;
  const std::vector<std::size_t> order_;
  const Terms terms_;
  const std::string worker_;

  std::mutex mutex_;  // guards what follows
  Redis redis_;
  std::map<std::size_t, std::string> in_hand_;  // units with their entries in the stream
  std::map<std::size_t, std::string> made_;     // units with their answers
  std::jthread signs_;
};

}  // namespace lab::campaign
