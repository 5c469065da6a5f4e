// The descriptors of this library itself.
#pragma once

#include <vector>

namespace cleave::program {

/// The first number that they have: so high that the program's are what they would be without them.
int first_own_descriptor() noexcept;

/// `number` is this library's from now on, or no more.
void note_own_descriptor(int number);
void forget_own_descriptor(int number);
bool is_own_descriptor(int number) noexcept;

/// The lowest of them between two numbers, both included; 0: there is none.
unsigned first_own_descriptor_from(unsigned first, unsigned last) noexcept;

/// Another descriptor of the same file, up where this library's are, and noted; below zero: there
/// is no number left.
int duplicate_as_own(int number);
/// The same in place of the one that there is.
int keep_as_own(int number);

/// While one lives, new descriptors get high numbers, whoever opens them.
class HighDescriptors {
 public:
  HighDescriptors();
  ~HighDescriptors();
  HighDescriptors(const HighDescriptors&) = delete;
  HighDescriptors& operator=(const HighDescriptors&) = delete;

  /// Whether it is so: there are numbers enough.
  [[nodiscard]] bool are_high() const { return are_high_; }
  /// Notes those that are open by now as this library's. False: it is not known which are.
  [[nodiscard]] static bool keep_all();

 private:
  bool are_high_ = false;
  std::vector<int> fillers_;
};

}  // namespace cleave::program
