// What `cleave image` does, each printed as text or as one JSON object. All throw what went wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cleave::command::image {

struct Options {
  std::string repository;          ///< where it lies: a folder, or a URL of S3 or RADOS
  std::string from;                ///< another one
  std::string file;                ///< what is pushed or written
  std::string ref;                 ///< a ref, or a commit's id
  std::string other;               ///< another
  std::string message;             ///< one line for people
  std::optional<std::string> sql;  ///< statements; nothing: standard input has them
  std::uint64_t memory_mib = 64;   ///< for pages that a query needs
  std::vector<std::string> refs;   ///< empty: all
  std::size_t most = 1000;         ///< commits that are listed
  unsigned rounds = 3;             ///< of the collector
  bool force = false;
  bool json = false;
};

void init(const Options& options);
void push(const Options& options);
void checkout(const Options& options);
void clone(const Options& options);
void pull(const Options& options);
void write_out(const Options& options);
void query(const Options& options);
void refs(const Options& options);
void log(const Options& options);
void diff(const Options& options);
void forget(const Options& options);
/// Ends with Exit{1} where something is wrong.
void verify(const Options& options);
void gc(const Options& options);

}  // namespace cleave::command::image
