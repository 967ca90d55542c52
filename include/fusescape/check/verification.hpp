// Does a plan move, hold and compute what the closed form says? It runs on numbers, and everything is
// compared.
#pragma once

#include <optional>
#include <vector>

#include "fusescape/arch/accelerator.hpp"
#include "fusescape/check/scaling.hpp"
#include "fusescape/exec/execute.hpp"
#include "fusescape/exec/reference.hpp"

namespace fusescape {

/// A number that was counted while the plan ran, beside the one that the closed form gives.
template <class Number>
struct Compared {
  Number counted;
  Number closed;
  [[nodiscard]] bool equal() const { return counted == closed; }
};

struct TensorCheck {
  TensorId tensor{};
  Compared<Bytes> read;
  Compared<Bytes> written;
  [[nodiscard]] bool equal() const { return read.equal() && written.equal(); }
};

struct KindCheck {
  OpKind kind{};
  Compared<Ops> ops;
};

struct GroupCheck {
  std::vector<OpId> operators;
  std::vector<TensorCheck> tensors;  ///< Those with a buffer in the group, by id.
  Compared<Bytes> peak;              ///< Of the group's own buffers.
  Compared<Bytes> reserved;          ///< Retained tensors beside them.
  std::vector<KindCheck> kinds;      ///< Those that occur.
  [[nodiscard]] bool equal() const;
};

/// What DRAM held of one tensor at the end, beside the reference.
struct ValueCheck {
  TensorId tensor{};
  std::int64_t elements = 0;  ///< Compared ones; the others never went to DRAM.
  std::int64_t wrong = 0;     ///< Off by more than their bound, or no number where the reference has one.
  double error = 0.0;         ///< Largest finite difference, over the largest magnitude in the tensor.
  double tolerance = 0.0;     ///< Largest bound, likewise.
  [[nodiscard]] bool passed() const { return elements > 0 && wrong == 0; }
};

/// Of outputs and results that nobody reads, and of all else that is made and of which anything final went to
/// DRAM.
[[nodiscard]] std::vector<ValueCheck> compare_values(const Cascade& cascade, const Reference& reference,
                                                     const Execution& run);

struct NumericCheck {
  Arithmetic arithmetic{};
  std::vector<ValueCheck> tensors{};  ///< Made tensors of which anything went to DRAM.
  std::optional<ExecFault> fault{};   ///< Why it stopped, if it did.
  [[nodiscard]] bool passed() const;
};

struct Verification {
  ScaledCase scaled;                 ///< What was run.
  std::vector<GroupCheck> groups{};  ///< Empty if the run stopped.
  std::vector<NumericCheck> runs{};  ///< In the tensors' own types, then (if they are others) in fp64.
  Bytes capacity{};                  ///< Of the scratchpad: the closed form's peak, to the byte.
  bool tight = false;                ///< With one byte less the run stops for want of capacity.
  [[nodiscard]] bool passed() const;
};

/// Scales `plan` down (check/scaling.hpp), runs it twice on made-up numbers in a scratchpad of exactly the
/// closed form's peak, once in one of a byte less, and compares. Expects a legal plan of the whole cascade.
[[nodiscard]] Verification verify(const Cascade& cascade, const Plan& plan, const Accelerator& accelerator);

}  // namespace fusescape
