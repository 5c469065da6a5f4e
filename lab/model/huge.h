// Huge pages: splitting what maps them, splitting them, and putting them together.
#pragma once

#include "lab/model/world.h"

namespace lab::model {

/// The huge entry of the task's process becomes small ones. failed: there is none.
Answer split_pmd(World& world, Task task, PageNo page);
/// The folio becomes pages of their own, wherever it is mapped. failed: it has references that are
/// no entries (huge entries have been split none the less), or is small.
Answer split_folio(World& world, Task task, PageNo page);
/// For what can only be done to small pages: splits a large folio; done: the page is small, or not
/// there.
Answer split_before_small_work(World& world, Task task, PageNo page);
/// khugepaged: the pages of the run become one page, mapped by a huge entry. failed: some are
/// absent or referenced.
Answer collapse(World& world, Task task, PageNo page);

}  // namespace lab::model
