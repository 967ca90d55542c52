// How fast may each operator run at best, alone, and which roof stops it? (docs/cli.md, `roofline`)
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fusescape/arch/accelerator.hpp"
#include "fusescape/report/document.hpp"
#include "fusescape/support/units.hpp"
#include "fusescape/workload/model.hpp"

namespace fusescape {

/// An operator under the two roofs. Intensity and rates are absent if nothing moves or no core runs its kind.
struct RooflinePoint {
  std::string name;
  std::string kind;
  Ops ops;
  Bytes read;                        ///< Compulsory: the operator alone, every input element once.
  Bytes written;                     ///< Compulsory: every output element once.
  std::optional<double> intensity;   ///< Operations per byte, op/B.
  std::optional<double> peak;        ///< PEs / cycles that this kind takes, op/cycle; whatever the mapping.
  std::optional<double> attainable;  ///< min(peak, intensity * bandwidth), op/cycle.
  bool compute_bound = false;        ///< The roof that stops it is `peak`.
};

struct Roofline {
  std::string workload;
  std::string arch;
  double peak = 0.0;  ///< op/cycle of operations that take one cycle, on the core with the most PEs.
  double bandwidth =
      0.0;  ///< DRAM, B/cycle; both ports together if they are separate; infinite if unlimited.
  std::vector<RooflinePoint> points;  ///< In cascade order.
  std::vector<std::string> assumptions;

  /// Where the roofs meet, op/B.
  [[nodiscard]] double ridge() const { return peak / bandwidth; }
};

/// Roofline of one block. Expects a cascade without overflowing counts.
[[nodiscard]] Roofline roofline_of(const Workload& workload, const Accelerator& accelerator);

/// Rows, one per operator: operator, kind, ops, dram_read_bytes, dram_write_bytes, dram_bytes,
/// intensity_ops_per_byte, peak_ops_per_cycle, attainable_ops_per_cycle, bound (compute | dram). JSON has the
/// roofs, the ridge and the rows as `operators`.
[[nodiscard]] Document document_of(const Roofline& roofline);

}  // namespace fusescape
