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

/// Moves a descriptor up and notes it; what it is then, or below zero: there is no number left.
int keep_as_own(int number);

/// While one lives, new descriptors get high numbers, whoever opens them; those that are open at
/// its end are this library's.
class HighDescriptors {
 public:
  HighDescriptors();
  ~HighDescriptors();
  HighDescriptors(const HighDescriptors&) = delete;
  HighDescriptors& operator=(const HighDescriptors&) = delete;

 private:
  std::vector<int> fillers_;
};

}  // namespace cleave::program
