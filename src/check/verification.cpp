#include "fusescape/check/verification.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <variant>

#include "fusescape/cost/profile.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

constexpr std::uint64_t kSeed = 1;

/// The closed form's traffic of one tensor in one group; zero if it has no buffer there.
TensorTraffic traffic_of(const GroupProfile& group, TensorId tensor) {
  for (const TensorTraffic& traffic : group.tensors) {
    if (traffic.tensor == tensor) return traffic;
  }
  return {};
}

/// What the run moved of it, likewise.
TensorMoved moved_of(const GroupExecution& group, TensorId tensor) {
  const auto found = std::find_if(group.tensors.begin(), group.tensors.end(),
                                  [&](const TensorMoved& moved) { return moved.tensor == tensor; });
  return found == group.tensors.end() ? TensorMoved{} : *found;
}

std::vector<TensorCheck> compare_traffic(const GroupProfile& group, const GroupExecution& run,
                                         std::size_t tensors) {
  std::vector<TensorCheck> checks;
  for (std::size_t i = 0; i < tensors; ++i) {
    const TensorId tensor{static_cast<std::uint16_t>(i)};
    const TensorTraffic closed = traffic_of(group, tensor);
    const TensorMoved counted = moved_of(run, tensor);
    const bool named = closed.bits > 0 || counted.read + counted.written > Bytes{0};
    if (named) checks.push_back({tensor, {counted.read, closed.read}, {counted.written, closed.written}});
  }
  return checks;
}

std::vector<KindCheck> compare_ops(const GroupProfile& group, const GroupExecution& run) {
  const std::array<Ops, kOpKindCount> closed = ops_by_kind(group);
  std::vector<KindCheck> checks;
  for (const OpKindFacts& kind : kOpKinds) {
    const Compared<Ops> ops{run.ops[static_cast<std::size_t>(kind.kind)],
                            closed[static_cast<std::size_t>(kind.kind)]};
    if (ops.counted != Ops{} || ops.closed != Ops{}) checks.push_back({kind.kind, ops});
  }
  return checks;
}

/// By how much `found` differs; infinite if only one of the two is a finite number.
double difference(double wanted, double found) {
  if (wanted == found || (std::isnan(wanted) && std::isnan(found))) return 0.0;
  const double off = std::abs(found - wanted);
  return std::isnan(off) ? std::numeric_limits<double>::infinity() : off;
}

ValueCheck compare_tensor(TensorId tensor, const Reference& reference, const Execution& run) {
  ValueCheck check{.tensor = tensor};
  const std::size_t i = index_of(tensor);
  double largest = 0.0;
  for_each_own(reference.tensors[i], [&](std::int64_t at) {
    const double wanted = reference.tensors[i].data[at];
    if (std::isfinite(wanted)) largest = std::max(largest, std::abs(wanted));
    if (!run.complete[i][at]) return;
    ++check.elements;
    const double error = difference(wanted, run.dram[i].data[at]);
    if (error > 0.0 && !(error <= reference.bounds[i][at])) ++check.wrong;
    if (std::isfinite(error)) check.error = std::max(check.error, error);
    check.tolerance = std::max(check.tolerance, reference.bounds[i][at]);
  });
  if (largest > 0.0) {
    check.error /= largest;
    check.tolerance /= largest;
  }
  return check;
}

/// A scaled case with everything that its runs are compared with.
class Comparison {
 public:
  Comparison(const Accelerator& accelerator, Verification& into)
      : accelerator_{accelerator}, cascade_{into.scaled.cascade}, plan_{into.scaled.plan}, into_{into} {
    auto layout = lay_out(cascade_, plan_);
    FUSESCAPE_EXPECTS(layout.has_value());
    layout_ = std::move(*layout);
    profile_ = profile(cascade_, plan_, layout_, profile_options(accelerator));
    for (const GroupProfile& group : profile_.groups) {
      into_.capacity = std::max(into_.capacity, group.peak + group.reserved);
    }
  }

  void run() {
    const NumericCase typed = make_case(cascade_, Arithmetic::kTyped, kSeed);
    const auto counted = add_run(Arithmetic::kTyped, typed);
    if (counted) add_groups(*counted);
    const auto is_fp64 = [](const NumberFormat& format) { return format.type == DataType::kFp64; };
    if (!std::all_of(typed.formats.begin(), typed.formats.end(), is_fp64)) {
      add_run(Arithmetic::kFp64, make_case(cascade_, Arithmetic::kFp64, kSeed));
    }
    const auto squeezed = execute(cascade_, plan_, layout_, typed,
                                  ExecOptions{profile_options(accelerator_), into_.capacity - Bytes{1}});
    into_.tight = !squeezed && std::holds_alternative<CapacityExceeded>(squeezed.error());
  }

 private:
  expected<Execution, ExecFault> add_run(Arithmetic arithmetic, const NumericCase& given) {
    auto run =
        execute(cascade_, plan_, layout_, given, ExecOptions{profile_options(accelerator_), into_.capacity});
    NumericCheck& check = into_.runs.emplace_back(NumericCheck{.arithmetic = arithmetic});
    if (run) {
      check.tensors = compare_values(cascade_, run_reference(cascade_, given), *run);
    } else {
      check.fault = run.error();
    }
    return run;
  }

  void add_groups(const Execution& run) {
    for (std::size_t g = 0; g < layout_.groups.size(); ++g) {
      const GroupProfile& closed = profile_.groups[g];
      const GroupExecution& counted = run.groups[g];
      into_.groups.push_back({.operators = layout_.groups[g].operators,
                              .tensors = compare_traffic(closed, counted, cascade_.tensors.size()),
                              .peak = {counted.peak, closed.peak},
                              .reserved = {counted.reserved, closed.reserved},
                              .kinds = compare_ops(closed, counted)});
    }
  }

  const Accelerator& accelerator_;
  const Cascade& cascade_;
  const Plan& plan_;
  Verification& into_;
  Layout layout_;
  PlanProfile profile_;
};

}  // namespace

std::vector<ValueCheck> compare_values(const Cascade& cascade, const Reference& reference,
                                       const Execution& run) {
  std::vector<ValueCheck> checks;
  for (std::size_t i = 0; i < cascade.tensors.size(); ++i) {
    if (!cascade.producer[i]) continue;
    const ValueCheck check = compare_tensor(TensorId{static_cast<std::uint16_t>(i)}, reference, run);
    const bool must_be_there = cascade.tensors[i].kind == TensorKind::kOutput || cascade.uses[i].empty();
    if (check.elements > 0 || must_be_there) checks.push_back(check);
  }
  return checks;
}

bool GroupCheck::equal() const {
  return peak.equal() && reserved.equal() &&
         std::all_of(tensors.begin(), tensors.end(), [](const TensorCheck& c) { return c.equal(); }) &&
         std::all_of(kinds.begin(), kinds.end(), [](const KindCheck& c) { return c.ops.equal(); });
}

bool NumericCheck::passed() const {
  return !fault &&
         std::all_of(tensors.begin(), tensors.end(), [](const ValueCheck& c) { return c.passed(); });
}

bool Verification::passed() const {
  return tight && !groups.empty() &&
         std::all_of(groups.begin(), groups.end(), [](const GroupCheck& c) { return c.equal(); }) &&
         std::all_of(runs.begin(), runs.end(), [](const NumericCheck& c) { return c.passed(); });
}

Verification verify(const Cascade& cascade, const Plan& plan, const Accelerator& accelerator) {
  Verification made{.scaled = scaled_down(cascade, plan)};
  Comparison{accelerator, made}.run();
  return made;
}

}  // namespace fusescape
