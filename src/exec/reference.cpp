#include "fusescape/exec/reference.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "fusescape/exec/semantics.hpp"
#include "fusescape/plan/iteration.hpp"
#include "fusescape/support/contract.hpp"
#include "semantics_error.hpp"

namespace fusescape {
namespace {

constexpr std::size_t kQueryLessKey = kMostInputs + 1;
constexpr std::size_t kMostOperands = kQueryLessKey + 1;
/// Of the output, then of the inputs; last, how far the query is behind the key where only causal pairs
/// count.
using Positions = std::array<std::int64_t, kMostOperands>;

/// One rank of a nest, and how far each operand moves with it.
struct Digit {
  std::int64_t start = 0;
  std::int64_t extent = 1;
  Positions steps{};
};

/// Visits every point of a nest, the last digit fastest.
template <class Visit>
void for_each_point(const std::vector<Digit>& digits, Positions at, const Visit& visit) {
  for (const Digit& digit : digits) {
    if (digit.extent == 0) return;
    for (std::size_t i = 0; i < kMostOperands; ++i) at[i] += digit.start * digit.steps[i];
  }
  std::vector<std::int64_t> count(digits.size(), 0);
  for (;;) {
    visit(at);
    std::size_t d = digits.size();
    while (d > 0 && ++count[d - 1] == digits[d - 1].extent) {
      --d;
      count[d] = 0;
      for (std::size_t i = 0; i < kMostOperands; ++i) at[i] -= (digits[d].extent - 1) * digits[d].steps[i];
    }
    if (d == 0) return;
    for (std::size_t i = 0; i < kMostOperands; ++i) at[i] += digits[d - 1].steps[i];
  }
}

class OperatorRun {
 public:
  OperatorRun(const Cascade& cascade, OpId id, const std::vector<NumberFormat>& formats, Reference& into)
      : cascade_{cascade},
        op_{cascade.op(id)},
        output_{formats[index_of(op_.output)]},
        into_{into},
        summation_{op_.kind, output_} {
    for (const RankId rank : op_.ranks) digits_.push_back({.steps = {}}), ranks_.push_back(rank);
    const std::vector<ValueAxis>& axes = into_.tensors[index_of(op_.output)].axes;
    for (std::size_t i = 0; i < axes.size(); ++i) walk(0, {.rank = op_.ranks[i]}, axes[i]);
    for (std::size_t input = 0; input < op_.inputs.size(); ++input) {
      const Access& access = op_.inputs[input];
      const std::vector<ValueAxis>& from = into_.tensors[index_of(access.tensor)].axes;
      for (std::size_t i = 0; i < from.size(); ++i) walk(input + 1, access.indices[i], from[i]);
    }
    if (!op_.where) return;
    digit_of(op_.where->query).steps[kQueryLessKey] = 1;
    digit_of(op_.where->key).steps[kQueryLessKey] = -1;
  }

  /// All elements within `bounds`.
  void run(const Bounds& bounds) {
    for (std::size_t i = 0; i < ranks_.size(); ++i) {
      digits_[i].start = bounds.start[index_of(ranks_[i])];
      digits_[i].extent = bounds.extent[index_of(ranks_[i])];
    }
    const auto outputs = static_cast<std::ptrdiff_t>(op_.ranks.size() - op_.reduction_ranks.size());
    const std::vector<Digit> elements(digits_.begin(), digits_.begin() + outputs);
    const std::vector<Digit> terms(digits_.begin() + outputs, digits_.end());
    for_each_point(elements, base_, [&](const Positions& at) {
      if (sums(op_.kind)) {
        sum(at, terms);
      } else {
        compute(at);
      }
    });
  }

 private:
  /// Operand `operand` moves along one of its axes as `index` says.
  void walk(std::size_t operand, const Index& index, const ValueAxis& axis) {
    base_[operand] += (axis.before + index.offset - index.distance) * axis.stride;
    digit_of(index.rank).steps[operand] += axis.stride;
    if (index.tap) digit_of(*index.tap).steps[operand] -= axis.stride;
    if (index.chunk)
      digit_of(*index.chunk).steps[operand] += cascade_.extent(index.rank).value() * axis.stride;
  }

  [[nodiscard]] Digit& digit_of(RankId rank) {
    return digits_[static_cast<std::size_t>(std::find(ranks_.begin(), ranks_.end(), rank) - ranks_.begin())];
  }

  [[nodiscard]] double value(std::size_t input, const Positions& at) const {
    return into_.tensors[index_of(op_.inputs[input].tensor)].data[at[input + 1]];
  }
  [[nodiscard]] double bound(std::size_t input, const Positions& at) const {
    return into_.bounds[index_of(op_.inputs[input].tensor)][at[input + 1]];
  }
  [[nodiscard]] static bool is_masked(const Positions& at) { return at[kQueryLessKey] < 0; }
  void set(const Positions& at, double result, double error) {
    into_.tensors[index_of(op_.output)].data[at[0]] = result;
    into_.bounds[index_of(op_.output)][at[0]] = error;
  }

  void compute(const Positions& at) {
    if (is_masked(at)) return set(at, 0.0, 0.0);
    std::array<double, kMostInputs> values{};
    std::array<double, kMostInputs> errors{};
    const std::size_t count = op_.inputs.size();
    for (std::size_t i = 0; i < count; ++i) {
      values[i] = value(i, at);
      errors[i] = bound(i, at);
    }
    const std::span<const double> in{values.data(), count};
    const std::span<const double> off{errors.data(), count};
    const double result = rounded(element(op_.kind, in), output_);
    set(at, result, rounded_error(result, element_error(op_.kind, in, off), output_));
  }

  void sum(const Positions& first, const std::vector<Digit>& terms) {
    const bool contracts = class_of(op_.kind) == OpClass::kContraction;
    const bool biased = contracts && op_.inputs.size() == kMostInputs;
    SumError error;
    double total = summation_.start(biased ? value(2, first) : 0.0);
    if (biased) error.add(total, bound(2, first));
    std::int64_t count = 0;
    for_each_point(terms, first, [&](const Positions& at) {
      if (is_masked(at)) return;
      const std::array<double, 2> values{value(0, at), contracts ? value(1, at) : 1.0};
      const std::array<double, 2> errors{bound(0, at), contracts ? bound(1, at) : 0.0};
      const double term = values[0] * values[1];
      total = summation_.add(total, term);
      error.add(term, element_error(OpKind::kMul, values, errors));
      ++count;
    });
    const double result = summation_.finish(total, count);
    set(first, result, summation_error(op_.kind, error, result, count, output_));
  }

  const Cascade& cascade_;
  const Operator& op_;
  NumberFormat output_;
  Reference& into_;
  Summation summation_;
  std::vector<RankId> ranks_;
  std::vector<Digit> digits_;  ///< Parallel to ranks_.
  Positions base_{};
};

class CascadeRun {
 public:
  CascadeRun(const Cascade& cascade, const NumericCase& given)
      : cascade_{cascade}, formats_{given.formats}, made_(cascade.operators.size(), false) {
    result_.tensors = given.tensors;
    for (const TensorValues& values : given.tensors) {
      result_.bounds.emplace_back(Eigen::ArrayXd::Zero(values.data.size()));
    }
    for (const Rank& rank : cascade.ranks) whole_.extent.push_back(rank.extent.value());
    whole_.start.assign(cascade.ranks.size(), 0);
  }

  /// A recurrence runs as soon as all that it reads is made, which may be later than its first operator in
  /// cascade order and earlier than its last.
  Reference run() {
    const std::size_t count = made_.size();
    for (std::size_t done = 0; done < count;) {
      const std::size_t before = done;
      for (std::size_t i = 0; i < count; ++i) {
        const OpId op{static_cast<std::uint16_t>(i)};
        const std::vector<OpId> unit = unit_of(op);
        if (made_[i] || !is_ready(unit)) continue;
        run(unit);
        for (const OpId member : unit) made_[index_of(member)] = true;
        done += unit.size();
      }
      FUSESCAPE_EXPECTS(done > before);
    }
    return std::move(result_);
  }

 private:
  [[nodiscard]] std::vector<OpId> unit_of(OpId op) const {
    const auto recurrence = cascade_.recurrence_of[index_of(op)];
    return recurrence ? cascade_.recurrences[*recurrence].operators : std::vector<OpId>{op};
  }

  [[nodiscard]] bool is_ready(const std::vector<OpId>& unit) const {
    const auto inside = [&](OpId op) { return std::find(unit.begin(), unit.end(), op) != unit.end(); };
    return std::all_of(unit.begin(), unit.end(), [&](OpId op) {
      const std::vector<Access>& inputs = cascade_.op(op).inputs;
      return std::all_of(inputs.begin(), inputs.end(), [&](const Access& access) {
        const std::optional<OpId> producer = cascade_.producer[index_of(access.tensor)];
        return !producer || made_[index_of(*producer)] || inside(*producer);
      });
    });
  }

  void run(const std::vector<OpId>& unit) {
    std::vector<OperatorRun> runs;
    runs.reserve(unit.size());
    for (const OpId op : unit) runs.emplace_back(cascade_, op, formats_, result_);
    const auto recurrence = cascade_.recurrence_of[index_of(unit.front())];
    if (!recurrence) return runs.front().run(whole_);
    const std::size_t rank = index_of(cascade_.recurrences[*recurrence].rank);
    Bounds step = whole_;
    step.extent[rank] = 1;
    for (; step.start[rank] < whole_.extent[rank]; ++step.start[rank]) {
      for (OperatorRun& one : runs) one.run(step);
    }
  }

  const Cascade& cascade_;
  const std::vector<NumberFormat>& formats_;
  std::vector<bool> made_;
  Bounds whole_;
  Reference result_;
};

}  // namespace

Reference run_reference(const Cascade& cascade, const NumericCase& given) {
  FUSESCAPE_EXPECTS(given.tensors.size() == cascade.tensors.size());
  return CascadeRun{cascade, given}.run();
}

}  // namespace fusescape
