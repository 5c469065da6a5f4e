// A fault of the processor, in the engine or in what looks at it, is a finding like any other.
#pragma once

namespace lab::engine {

/// From now on a run whose code touches memory that is not there is broken, and the process goes
/// on. Faults outside of runs end the process as before. Any thread; once is enough.
void take_faults_for_findings();

}  // namespace lab::engine
