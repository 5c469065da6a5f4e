// The subcommands of `cleave`. Each file adds its own to the application. A command that fails says why
// on standard error and throws CLI::RuntimeError with the exit status: 1, what it checked does not
// hold; 2, it could not start.
#pragma once

#include <CLI/CLI.hpp>

void add_bench(CLI::App& app);
void add_demo(CLI::App& app);
/// Below `demo`.
void add_demo_space(CLI::App& app);
void add_sqlite(CLI::App& app);
void add_litmus(CLI::App& app);
void add_doctor(CLI::App& app);
