// Writes down every operation of the one thread that runs, and performs it.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include <cleave/detail/explored.h>

namespace cleave::detail {

class Recorder : public sync::Scheduler {
 public:
  struct Line {
    sync::Kind kind;
    const void* address;
    std::size_t size;
    std::uint64_t argument;
    std::string name;
  };

  Recorder() : previous_(sync::install(this)) {}
  ~Recorder() override { (void)sync::install(previous_); }
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  std::uint64_t perform(const sync::Operation& o) override {
    if (before_each) before_each(o);
    lines.push_back({o.kind, o.address, o.size, o.argument, o.name});
    return sync::carry_out(o);
  }
  bool performs(const char* name) override {
    const bool yes = left_out.count(name) == 0;
    if (!yes) skipped.emplace_back(name);
    return yes;
  }
  std::uint64_t self() override { return who; }

  std::uint64_t who = 0;  ///< a test may pretend to be another thread
  std::vector<Line> lines;
  std::set<std::string> left_out;
  std::vector<std::string> skipped;
  std::function<void(const sync::Operation&)> before_each;

 private:
  Scheduler* previous_;
};

}  // namespace cleave::detail
