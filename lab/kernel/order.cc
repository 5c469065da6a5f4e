#include "lab/kernel/order.h"

#include <string>
#include <vector>

namespace lab::kernel {
namespace {

using litmus::Word;

// What comes before what, over all instructions of all lines, numbered in a row.
class Order {
 public:
  explicit Order(const Plan& plan) : plan_(plan) {
    for (const Script& line : plan.scripts) {
      first_.push_back(count_);
      count_ += line.code.size() + 1;  // The last stands for the line's end.
    }
    before_.assign(count_, std::vector<bool>(count_, false));
    for (std::size_t line = 0; line < plan.scripts.size(); ++line) edges(line);
    close();
  }

  [[nodiscard]] bool total() const {
    for (std::size_t a = 0; a < plan_.scripts.size(); ++a)
      for (std::size_t b = a + 1; b < plan_.scripts.size(); ++b)
        if (!total(a, b)) return false;
    return true;
  }

 private:
  void edges(std::size_t line) {
    const auto& code = plan_.scripts[line].code;
    for (std::size_t i = 0; i < code.size(); ++i) {
      const std::size_t here = first_[line] + i;
      before_[here][here + 1] = true;
      if (code[i].operation == nullptr) continue;
      const litmus::Operation& operation = *code[i].operation;
      if (operation.word == Word::fork) {
        for (std::size_t child = 0; child < plan_.scripts.size(); ++child)
          if (plan_.scripts[child].process == code[i].child) before_[here][first_[child]] = true;
      } else if (operation.word == Word::wait) {
        awaited(code[i], here);
      }
    }
  }

  // A wait comes after what it waits for, if there is one such thing only.
  void awaited(const Instruction& wait, std::size_t here) {
    std::vector<std::size_t> found;
    const bool exit = wait.operation->name.ends_with(".exit");
    for (std::size_t line = 0; line < plan_.scripts.size(); ++line)
      for (std::size_t i = 0; i < plan_.scripts[line].code.size(); ++i) {
        const Instruction& each = plan_.scripts[line].code[i];
        if (each.operation == nullptr) continue;
        const bool is =
            exit ? each.operation->word == Word::exit && plan_.scripts[line].process == wait.child
                 : each.operation->word == Word::signal && each.signal == wait.signal;
        if (is) found.push_back(first_[line] + i);
      }
    if (found.size() == 1) before_[found.front()][here] = true;
  }

  void close() {
    for (std::size_t k = 0; k < count_; ++k)
      for (std::size_t i = 0; i < count_; ++i)
        if (before_[i][k])
          for (std::size_t j = 0; j < count_; ++j)
            if (before_[k][j]) before_[i][j] = true;
  }

  static bool looks(const Instruction& instruction) {
    return instruction.operation->word == Word::peek;
  }

  [[nodiscard]] bool total(std::size_t a, std::size_t b) const {
    const auto& left = plan_.scripts[a].code;
    const auto& right = plan_.scripts[b].code;
    for (std::size_t i = 0; i < left.size(); ++i)
      for (std::size_t j = 0; j < right.size(); ++j) {
        if (!acts(left[i]) || !acts(right[j]) || (looks(left[i]) && looks(right[j]))) continue;
        const std::size_t x = first_[a] + i;
        const std::size_t y = first_[b] + j;
        if (!before_[x][y] && !before_[y][x]) return false;
      }
    return true;
  }

  const Plan& plan_;
  std::vector<std::size_t> first_;
  std::size_t count_ = 0;
  std::vector<std::vector<bool>> before_;
};

}  // namespace

bool acts(const Instruction& instruction) {
  if (instruction.operation == nullptr) return false;
  const Word word = instruction.operation->word;
  return word != Word::signal && word != Word::wait;
}

bool ordered(const Plan& plan) { return Order(plan).total(); }

}  // namespace lab::kernel
