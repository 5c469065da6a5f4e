// Commits, for C.
#include "capi/handles.h"

using namespace cleave;
using namespace cleave::detail;

cleave_commit* cleave_commit_copy(const cleave_commit* commit, cleave_error* error) {
  if (const char* null = c::null_among(commit)) return c::refuse_handle(null, error);
  return c::handle<cleave_commit>(error, *commit);
}

void cleave_commit_release(cleave_commit* commit) { sync::destroy(commit); }

cleave_commit* cleave_commit_parent(const cleave_commit* commit, cleave_error* error) {
  if (const char* null = c::null_among(commit)) return c::refuse_handle(null, error);
  auto parent = commit->commit.parent();
  if (parent) return c::handle<cleave_commit>(error, std::move(*parent));
  c::set_ok(error);
  return nullptr;
}

const char* cleave_commit_name(const cleave_commit* commit) {
  if (commit == nullptr) return "";
  return commit->commit.name().data();
}

uint64_t cleave_commit_number(const cleave_commit* commit) {
  if (commit == nullptr) return 0;
  return commit->commit.number();
}

uint64_t cleave_commit_pages(const cleave_commit* commit) {
  if (commit == nullptr) return 0;
  return commit->commit.pages();
}

const void* cleave_commit_payload(const cleave_commit* commit, size_t* size) {
  const auto payload = commit == nullptr ? std::span<const std::byte>() : commit->commit.payload();
  if (size != nullptr) *size = payload.size();
  return payload.empty() ? nullptr : payload.data();
}

int cleave_commit_equal(const cleave_commit* a, const cleave_commit* b) {
  if (a == nullptr || b == nullptr) return a == b ? 1 : 0;
  return a->commit == b->commit ? 1 : 0;
}

cleave_snapshot* cleave_commit_snapshot(const cleave_commit* commit, cleave_error* error) {
  if (const char* null = c::null_among(commit)) return c::refuse_handle(null, error);
  return c::handle<cleave_snapshot>(error, commit->commit.snapshot());
}
