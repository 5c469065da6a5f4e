// One side of a comparison that is a program of its own, and measures when it is asked to.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace cleave::bench {

/// Such a program writes the line "ready", and then answers each line with a line of numbers. It
/// ends when its input does.
class Side {
 public:
  /// Starts one, and waits until it is ready. Null: there is no such program, or it cannot do that
  /// here; standard error then has the name of what is missing, after `benchmark`.
  static std::unique_ptr<Side> start(const std::string& benchmark,
                                     const std::vector<std::string>& command,
                                     const std::string& missing);
  ~Side();
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;

  /// Stops the benchmark if the program has ended, or answers with fewer numbers than `count`.
  std::vector<double> ask(const std::string& line, std::size_t count);

 private:
  explicit Side(const std::vector<std::string>& command);
  /// False: the program has ended.
  bool read_line(std::string& line);

  std::string name_;
  std::FILE* asked_ = nullptr;
  std::FILE* answers_ = nullptr;
  pid_t process_ = -1;
};

}  // namespace cleave::bench
