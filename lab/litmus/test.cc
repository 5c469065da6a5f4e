// What contains itself is compared here, where it is complete.
#include "lab/litmus/test.h"

namespace lab::litmus {

bool If::operator==(const If& other) const {
  return reg == other.reg && equal == other.equal && value == other.value && body == other.body;
}

bool Repeat::operator==(const Repeat& other) const {
  return times == other.times && body == other.body;
}

bool Condition::operator==(const Condition& other) const {
  return kind == other.kind && atom == other.atom && parts == other.parts;
}

}  // namespace lab::litmus
