#include "bench/programs/side.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <sstream>

#include <fmt/format.h>

#include "measure/system.h"

namespace cleave::bench {
std::unique_ptr<Side> Side::start(const std::string& benchmark,
                                  const std::vector<std::string>& command,
                                  const std::string& missing) {
  std::string line;
  std::unique_ptr<Side> made(new Side(command));
  if (made->read_line(line) && line == "ready") return made;
  fmt::print(stderr, "{}: left out: {}\n", benchmark, missing);
  return nullptr;
}

Side::Side(const std::vector<std::string>& command) : name_(command.front()) {
  std::array<int, 2> asked{};
  std::array<int, 2> answers{};
  measure::must_hold(pipe2(asked.data(), O_CLOEXEC) == 0 && pipe2(answers.data(), O_CLOEXEC) == 0,
                     "pipe2(2) failed");
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  process_ = measure::start_process([&] {
    (void)dup2(asked[0], STDIN_FILENO);
    (void)dup2(answers[1], STDOUT_FILENO);
    (void)execvp(words.front(), words.data());
    _exit(127);
  });
  (void)close(asked[0]);
  (void)close(answers[1]);
  asked_ = fdopen(asked[1], "w");
  answers_ = fdopen(answers[0], "r");
  measure::must_hold(asked_ != nullptr && answers_ != nullptr, "fdopen(3) failed");
}

Side::~Side() {
  (void)std::fclose(asked_);
  (void)std::fclose(answers_);
  measure::wait_for_process(process_);
}

bool Side::read_line(std::string& line) {
  line.clear();
  for (int letter = 0; (letter = std::fgetc(answers_)) != EOF;) {
    if (letter == '\n') return true;
    line += static_cast<char>(letter);
  }
  return false;
}

std::vector<double> Side::ask(const std::string& line, std::size_t count) {
  (void)std::fprintf(asked_, "%s\n", line.c_str());
  (void)std::fflush(asked_);
  std::string answer;
  measure::must_hold(read_line(answer), (name_ + " has ended before it answered").c_str());
  std::istringstream numbers(answer);
  std::vector<double> all;
  for (double number = 0; numbers >> number;) all.push_back(number);
  measure::must_hold(all.size() >= count, (name_ + " says: " + answer).c_str());
  return all;
}

}  // namespace cleave::bench
