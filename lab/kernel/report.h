// What was observed, for people and for programs.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "lab/kernel/judge.h"
#include "lab/report/html.h"
#include "lab/report/style/style.h"

namespace lab::kernel {

/// "leak/child-get-unmap    never   agrees   0 of 20 runs".
/// Where `verbose`, lines below it say which ends were seen, by
/// which calls references were taken, and what page tables showed of one run.
std::string line(const std::string& name, const KernelVerdict& verdict, bool verbose,
                 const report::Style& style);

/// "agrees", "FINDING": how it stands to what was expected.
const char* name_of(const KernelVerdict& verdict);
/// "0 of 20 runs", with all that is to be known of them. Not of a test that was skipped.
std::string runs_of(const KernelVerdict& verdict);

/// How many agree, what was found, why some were skipped.
std::string summary(const std::vector<KernelVerdict>& verdicts, double seconds,
                    const report::Style& style);

/// An object: `kernel`, `compared_with`, `claim` ("observed"), and `tests`.
nlohmann::ordered_json json(const std::vector<std::string>& names,
                            const std::vector<KernelVerdict>& verdicts, double seconds);

/// The column of the kernel that runs here.
report::Column column_of(const std::vector<KernelVerdict>& verdicts);

}  // namespace lab::kernel
