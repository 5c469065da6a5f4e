#include <cleave/backing/backing.h>

namespace cleave {

Backing::~Backing() = default;

}  // namespace cleave
