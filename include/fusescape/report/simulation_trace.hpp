// How does a simulation look in a trace viewer? One row per core, port and link, and the bytes on chip over
// time.
#pragma once

#include <cstdint>
#include <vector>

#include "fusescape/report/trace_events.hpp"
#include "fusescape/sim/observer.hpp"
#include "fusescape/sim/simulate.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

/// Draws a simulation while it runs. `known` is the result of an equal run: rows and tiles have their names
/// from there. Both outlive the observer.
class SimulationTrace final : public SimObserver {
 public:
  SimulationTrace(const Cascade& cascade, const SimResult& known, TraceWriter& writer);

  void event(const SimEvent& event) override;
  void memory(const MemoryChange& change) override;
  void skipped(Ticks from, Ticks to, std::int64_t periods) override;

  /// Until when the trace tells everything: the end of the run, or of the last event that there was room for.
  [[nodiscard]] Ticks complete_until() const { return until_; }

 private:
  [[nodiscard]] TraceTrack track_of(std::uint32_t resource) const;
  void name_rows();

  const Cascade& cascade_;
  const SimResult& known_;
  TraceWriter& writer_;
  Ticks until_;
};

}  // namespace fusescape
