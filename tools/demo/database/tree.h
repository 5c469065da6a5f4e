// A tree of branches of one database, walked at random and compared with fresh databases.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <cleave/commit.h>

#include "adapters/sqlite/branchable_database.h"
#include "adapters/sqlite/contents/digest.h"
#include "tools/demo/database/source.h"

namespace cleave::demo::database {

/// A branch: its parent's SQL, then its own.
struct Branch {
  Commit commit;
  std::size_t parent;  ///< in the tree; the first branch is its own
  std::vector<std::string> sql;
  std::vector<std::string> outcomes;  ///< of each: SQLite's message, or nothing
};

using Tree = std::vector<Branch>;

/// What was seen on the way.
struct Walk {
  std::uint64_t checkouts = 0;
  std::uint64_t integrity_checks = 0;
  std::uint64_t rows = 0;       ///< read and hashed in the arena
  std::uint64_t tables = 0;     ///< whose digests were compared
  std::uint64_t abandoned = 0;  ///< transactions that were open when a checkout left them
  std::vector<double> ns;       ///< each checkout's time
  std::vector<double> pages;    ///< that differed
  std::vector<std::string> differences;
};

/// Grows `branches` branches from where `database` stands, each from one chosen by chance, by some
/// statements each.
Tree grow(sqlite::BranchableDatabase& database, std::size_t branches, std::mt19937_64& random);

/// What each branch must hold: its SQL, and that of those before it, run on a fresh copy of
/// `origin`. Also tells where a statement ended otherwise there.
std::vector<sqlite::Digests> expected(sqlite::Connection& origin, const Tree& tree, Walk& walk);

/// Goes to branches by chance, often leaving changes or an open transaction behind, and compares
/// all that is there. `spoil`: one bit of the database's memory is changed in secret, half way.
void wander(sqlite::BranchableDatabase& database, const Tree& tree,
            const std::vector<sqlite::Digests>& expected, std::size_t steps, bool spoil,
            std::mt19937_64& random, Walk& walk);

}  // namespace cleave::demo::database
