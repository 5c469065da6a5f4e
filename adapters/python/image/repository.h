// cleave.Repository
#pragma once

#include <utility>

#include <cleave/image/repository.h>

#include "adapters/python/image/in_turn.h"
#include "adapters/python/runtime/handle.h"

namespace cleave::python {

class RepositoryObject : public Handle<InTurn<Repository>> {
 public:
  explicit RepositoryObject(Repository&& repository)
      : Handle("repository", InTurn<Repository>(std::move(repository))) {}
};

}  // namespace cleave::python
