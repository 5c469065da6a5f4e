// System calls that change regions and entries.
#pragma once

#include "lab/model/world.h"

namespace lab::model {

Answer unmap(World& world, Task task, Pages pages);
Answer map(World& world, Task task, Pages pages);
Answer discard(World& world, Task task, Pages pages);
Answer free_lazily(World& world, Task task, Pages pages);
Answer protect(World& world, Task task, Pages pages, Protection protection);
Answer set_dontfork(World& world, Task task, Pages pages, bool on);
Answer set_wipeonfork(World& world, Task task, Pages pages, bool on);
Answer move(World& world, Task task, PageNo from, PageNo to);
Answer uffd_move(World& world, Task task, PageNo from, PageNo to);

Answer write_protect(World& world, Task task, Pages pages);
Answer write_unprotect(World& world, Task task, Pages pages);
void serve(World& world, Task task, PageNo page);
void clear_refs(World& world, Task task);

}  // namespace lab::model
