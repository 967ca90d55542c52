// Which numbers are given to a cascade whose values nobody supplies?
#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "fusescape/exec/reference.hpp"
#include "fusescape/exec/semantics.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

constexpr double kUnmade = std::numeric_limits<double>::quiet_NaN();

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): a bijection whose results look independent.
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9E37'79B9'7F4A'7C15ULL;
  x = (x ^ (x >> 30U)) * 0xBF58'476D'1CE4'E5B9ULL;
  x = (x ^ (x >> 27U)) * 0x94D0'49BB'1331'11EBULL;
  return x ^ (x >> 31U);
}

std::uint64_t hash_of(std::string_view text, std::uint64_t seed) {
  std::uint64_t hash = mixed(seed);
  for (const char c : text) hash = mixed(hash ^ static_cast<unsigned char>(c));
  return hash;
}

/// In [1/4, 1): never so small that losing it could go unnoticed.
double number(std::uint64_t stream, std::int64_t position) {
  constexpr double kLeast = 0.25;
  const std::uint64_t bits = mixed(stream ^ mixed(static_cast<std::uint64_t>(position))) >> 11U;
  return kLeast + (1.0 - kLeast) * std::ldexp(static_cast<double>(bits), -53);
}

bool is_given(const Tensor& tensor) {
  return tensor.kind == TensorKind::kWeight || tensor.kind == TensorKind::kInput;
}

/// How many terms of an operator's result become, added up, the argument of an exponential: one if the result
/// is the argument; more if a recurrence adds them; none if they never do.
std::int64_t exponent_terms(const Cascade& cascade, OpId op, std::int64_t terms, std::vector<bool>& seen) {
  std::int64_t most = 0;
  for (const Use& use : cascade.uses[index_of(cascade.op(op).output)]) {
    const OpKind kind = cascade.op(use.op).kind;
    if (kind == OpKind::kExp) most = std::max(most, terms);
    if ((kind != OpKind::kAdd && kind != OpKind::kSub) || seen[index_of(use.op)]) continue;
    seen[index_of(use.op)] = true;
    const auto& recurrence = cascade.recurrence_of[index_of(use.op)];
    const std::int64_t steps = recurrence ? cascade.extent(cascade.recurrences[*recurrence].rank).value() : 1;
    most = std::max(most, exponent_terms(cascade, use.op, terms * steps, seen));
  }
  return most;
}

/// Likewise, of the products that `tensor` is a factor of.
std::int64_t exponent_terms(const Cascade& cascade, TensorId tensor) {
  std::int64_t most = 0;
  for (const Use& use : cascade.uses[index_of(tensor)]) {
    std::vector<bool> seen(cascade.operators.size());
    if (cascade.op(use.op).kind == OpKind::kMul) {
      most = std::max(most, exponent_terms(cascade, use.op, 1, seen));
    }
  }
  return most;
}

/// One over the number of terms of the longest sum that `tensor` is a factor in.
double share(const Cascade& cascade, TensorId tensor) {
  std::int64_t most = 1;
  for (const Use& use : cascade.uses[index_of(tensor)]) {
    const Operator& op = cascade.op(use.op);
    if (class_of(op.kind) != OpClass::kContraction || use.input == 2) continue;
    std::int64_t terms = 1;
    for (const RankId rank : op.reduction_ranks) terms *= cascade.extent(rank).value();
    most = std::max(most, terms);
  }
  return 1.0 / static_cast<double>(most);
}

/// Calls `visit(position, is padding, is history)` for each element, the first axis slowest.
template <class Visit>
void for_each_held(const TensorValues& values, const Visit& visit) {
  std::vector<std::int64_t> at;
  for (const ValueAxis& axis : values.axes) at.push_back(-axis.before);
  for (std::int64_t position = 0; position < values.data.size(); ++position) {
    bool padding = false;
    bool history = false;
    for (std::size_t i = 0; i < at.size(); ++i) {
      padding = padding || at[i] >= values.axes[i].extent;
      history = history || at[i] < 0;
    }
    visit(position, padding, history);
    for (std::size_t i = at.size(); i-- > 0;) {
      const ValueAxis& axis = values.axes[i];
      if (++at[i] < axis.extent + axis.after) break;
      at[i] = -axis.before;
    }
  }
}

TensorValues given_values(const Cascade& cascade, TensorId id, std::uint64_t seed) {
  const Tensor& tensor = cascade.tensor(id);
  TensorValues values = filled(axes_of(cascade, id), 0.0);
  const bool given = is_given(tensor);
  const bool has_history = tensor.initial != Initial::kZero;
  const std::int64_t terms = given ? exponent_terms(cascade, id) : 0;
  const double sign = terms > 0 ? -1.0 / static_cast<double>(terms) : 1.0;
  const double factor = given ? share(cascade, id) * sign : 1.0;
  const std::uint64_t stream = hash_of(tensor.name, seed);
  for_each_held(values, [&](std::int64_t position, bool padding, bool history) {
    if (padding || (history && !has_history)) return;
    values.data[position] = given || history ? factor * number(stream, position) : kUnmade;
  });
  return values;
}

/// Where the call before, which made `done`, has what lies at `position` of this call's history.
double value_before(const TensorValues& done, const TensorValues& values, std::int64_t position) {
  std::vector<std::int64_t> at(values.axes.size());
  for (std::size_t i = 0; i < at.size(); ++i) {
    at[i] = position / values.axes[i].stride - values.axes[i].before;
    position %= values.axes[i].stride;
    if (at[i] < 0) at[i] += done.axes[i].extent;
  }
  return done.at(at);
}

void take_history(const TensorValues& done, TensorValues& values) {
  for_each_held(values, [&](std::int64_t position, bool padding, bool history) {
    if (history && !padding) values.data[position] = value_before(done, values, position);
  });
}

double largest_magnitude(const TensorValues& values) {
  double largest = 0.0;
  for (const double value : values.data) {
    if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
  }
  return largest;
}

/// Scales with which every integer tensor holds what it takes in double precision.
void calibrate(const Cascade& cascade, NumericCase& made) {
  const auto any = [](const NumberFormat& format) { return is_integer(format.type); };
  if (std::none_of(made.formats.begin(), made.formats.end(), any)) return;
  NumericCase precise = made;
  std::fill(precise.formats.begin(), precise.formats.end(), NumberFormat{});
  const Reference reference = run_reference(cascade, precise);
  for (std::size_t i = 0; i < made.formats.size(); ++i) {
    if (!any(made.formats[i])) continue;
    made.formats[i].scale = calibrated_scale(made.formats[i].type, largest_magnitude(reference.tensors[i]));
  }
}

}  // namespace

NumericCase empty_case(const Cascade& cascade, Arithmetic arithmetic) {
  NumericCase made;
  for (std::size_t i = 0; i < cascade.tensors.size(); ++i) {
    const Tensor& tensor = cascade.tensors[i];
    NumberFormat& format = made.formats.emplace_back();
    if (arithmetic == Arithmetic::kTyped) format = {.type = tensor.type, .accumulator = tensor.accumulator};
    TensorValues& values =
        made.tensors.emplace_back(filled(axes_of(cascade, TensorId{static_cast<std::uint16_t>(i)}), 0.0));
    const auto unmake = [&](std::int64_t position) { values.data[position] = kUnmade; };
    if (!is_given(tensor)) for_each_own(values, unmake);
  }
  return made;
}

NumericCase make_case(const Cascade& cascade, Arithmetic arithmetic, std::uint64_t seed) {
  NumericCase made = empty_case(cascade, arithmetic);
  for (std::size_t i = 0; i < made.tensors.size(); ++i) {
    made.tensors[i] = given_values(cascade, TensorId{static_cast<std::uint16_t>(i)}, seed);
  }
  calibrate(cascade, made);
  for (std::size_t i = 0; i < made.tensors.size(); ++i) {
    for (double& value : made.tensors[i].data) value = rounded(value, made.formats[i]);
  }
  return made;
}

void hand_over(const std::vector<TensorValues>& done, const Cascade& next_cascade, NumericCase& next) {
  FUSESCAPE_EXPECTS(done.size() == next_cascade.tensors.size());
  for (std::size_t i = 0; i < done.size(); ++i) {
    if (next_cascade.tensors[i].initial != Initial::kZero) take_history(done[i], next.tensors[i]);
  }
}

}  // namespace fusescape
