// Every name that a test gives to something, and where.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "lab/litmus/diagnostic.h"
#include "lab/litmus/test.h"

namespace lab::litmus {

/// A thread as the names of its process and its own.
using ThreadName = std::pair<std::string, std::string>;

struct Names {
  std::map<std::string, const Page*> pages;
  std::map<std::string, const Process*> processes;
  std::map<std::string, ThreadName> references;  ///< by the thread that takes them
  std::map<ThreadName, std::set<std::string>> registers;
  std::set<std::string> signals;
  std::set<std::string> exits;   ///< processes that say exit
  std::set<std::string> forks;   ///< processes that are forked
  std::set<std::string> labels;  ///< of statements
  std::size_t threads = 0;
  std::size_t statements = 0;
};

/// The names of `test`. What is given twice is added to `diagnostics`.
Names names_of(const Test& test, std::vector<Diagnostic>& diagnostics);

}  // namespace lab::litmus
