#include <cleave/backing.h>

namespace cleave {

Backing::~Backing() = default;

}  // namespace cleave
