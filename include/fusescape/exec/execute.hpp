// What happens when a plan really runs? Tile by tile on numbers, in a scratchpad with a hard capacity, in
// front of a DRAM that counts every byte (docs/model/execution.md).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "fusescape/exec/reference.hpp"
#include "fusescape/exec/value.hpp"
#include "fusescape/plan/buffer_flow.hpp"
#include "fusescape/plan/layout.hpp"
#include "fusescape/plan/plan.hpp"
#include "fusescape/support/expected.hpp"
#include "fusescape/support/op_kind.hpp"
#include "fusescape/support/units.hpp"
#include "fusescape/workload/cascade.hpp"

namespace fusescape {

struct ExecOptions {
  ProfileOptions model{};           ///< As the closed form's.
  std::optional<Bytes> capacity{};  ///< Of the scratchpad. None: as much as it takes.
};

/// What one tensor moved over the DRAM port while one group ran.
struct TensorMoved {
  TensorId tensor{};
  Bytes read;
  Bytes written;
  Elements elements_read;  ///< That came from DRAM; what was retained or resident did not.
  Elements elements_written;
};

struct GroupExecution {
  std::vector<TensorMoved> tensors;  ///< Each tensor that has a buffer in the group, once.
  Bytes peak;                        ///< Most bytes that its own buffers took at any time.
  Bytes reserved;                    ///< Retained tensors, and resident states, beside them.
  std::array<Ops, kOpKindCount> ops{};
};

struct Execution {
  std::vector<GroupExecution> groups;
  std::vector<TensorValues> dram;  ///< Per tensor what DRAM, or resident memory, holds at the end.
  /// Per element of `dram`'s data: was it given, or written with all its terms?
  std::vector<Eigen::ArrayX<bool>> complete;
};

/// The scratchpad is full.
struct CapacityExceeded {
  std::size_t group = 0;  ///< Position below the plan's root.
  Bytes needed;           ///< What was held and the allocation that failed.
  Bytes available;
};

enum class BadValue : unsigned char {
  kNotMade,     ///< Nobody has made it yet.
  kNotFinal,    ///< Its sum is incomplete.
  kLost,        ///< It was made, and what held it has been overwritten or given away.
  kAddedTwice,  ///< Terms of its sum would be added again.
};

/// An operator needs an element that is not there. Without an operator: the element has to be in DRAM when
/// the plan ends, and is not.
struct ValueFault {
  BadValue problem{};
  std::optional<OpId> op;
  TensorId tensor{};
  std::vector<std::int64_t> element;  ///< One coordinate per rank of the tensor.
};

using ExecFault = std::variant<CapacityExceeded, ValueFault>;

/// "group 1 needs 96 B on chip, 64 B are there", "dt_proj needs x_dbl(3, 0), which is not final".
[[nodiscard]] std::string describe(const Cascade& cascade, const ExecFault& fault);

/// Runs every iteration of `plan`. Operators read elements only from the buffers that `layout` gives them,
/// and only if what they ask for is there, complete. Expects a layout of this plan (an unchecked one ends in
/// a fault, or computes the right thing) and `given` of this cascade. Time grows with the operations.
[[nodiscard]] expected<Execution, ExecFault> execute(const Cascade& cascade, const Plan& plan,
                                                     const Layout& layout, const NumericCase& given,
                                                     const ExecOptions& options);

}  // namespace fusescape
