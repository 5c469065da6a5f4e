// Commits, for C.
#include "capi/handles.h"

using namespace cleave;
using namespace cleave::detail;

cleave_commit* cleave_commit_copy(const cleave_commit* commit, cleave_error* error) {
  return c::handle<cleave_commit>(error, *commit);
}

void cleave_commit_release(cleave_commit* commit) { sync::destroy(commit); }

cleave_commit* cleave_commit_parent(const cleave_commit* commit, cleave_error* error) {
  auto parent = commit->commit.parent();
  if (parent) return c::handle<cleave_commit>(error, std::move(*parent));
  c::set_ok(error);
  return nullptr;
}

const char* cleave_commit_name(const cleave_commit* commit) { return commit->commit.name().data(); }

uint64_t cleave_commit_number(const cleave_commit* commit) { return commit->commit.number(); }

uint64_t cleave_commit_pages(const cleave_commit* commit) { return commit->commit.pages(); }

int cleave_commit_equal(const cleave_commit* a, const cleave_commit* b) {
  return a->commit == b->commit ? 1 : 0;
}

cleave_snapshot* cleave_commit_snapshot(const cleave_commit* commit, cleave_error* error) {
  return c::handle<cleave_snapshot>(error, commit->commit.snapshot());
}
