#include "fusescape/workload/rotations.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

/// An operand of an operator that runs along a rank.
struct Operand {
  std::size_t value = 0;
  bool plain = true;  ///< Element by element: no window, no shift, and the whole of a value.
};

struct Operands {
  std::vector<Operand> inputs;                              ///< Values; a weight is none.
  std::vector<std::pair<std::size_t, Absorption>> weights;  ///< By input.
  std::vector<Operand> outputs;                             ///< Empty: the rank is summed over.
};

bool overlap(const RotatedValue& a, const RotatedValue& b) {
  return a.tensor == b.tensor && a.dimension == b.dimension && a.offset < b.offset + b.extent.value() &&
         b.offset < a.offset + a.extent.value();
}

class Sites {
 public:
  explicit Sites(const Cascade& cascade) : cascade_{cascade} { collect_values(); }

  std::vector<RotationSite> run() {
    parent_.resize(values_.size());
    std::iota(parent_.begin(), parent_.end(), std::size_t{0});
    facts_.resize(values_.size());
    for (std::size_t i = 0; i < cascade_.operators.size(); ++i) {
      const OpId op{static_cast<std::uint16_t>(i)};
      for (const RankId rank : cascade_.op(op).ranks) visit(op, rank);
    }
    return gathered();
  }

 private:
  [[nodiscard]] bool is_weight(TensorId tensor) const {
    return cascade_.tensor(tensor).kind == TensorKind::kWeight;
  }

  /// The stretches in which operators read each dimension; those that overlap become one, and who reads only
  /// part of it does not commute.
  void collect_values() {
    for (std::size_t t = 0; t < cascade_.tensors.size(); ++t) {
      const TensorId tensor{static_cast<std::uint16_t>(t)};
      const std::size_t dimensions = is_weight(tensor) ? 0 : cascade_.tensors[t].ranks.size();
      for (std::size_t d = 0; d < dimensions; ++d) add_stretches(tensor, d);
    }
  }

  void add_stretches(TensorId tensor, std::size_t dimension) {
    const std::vector<Use>& uses = cascade_.uses[index_of(tensor)];
    const RankId own = cascade_.tensor(tensor).ranks[dimension];
    if (uses.empty()) add({tensor, dimension, 0, cascade_.extent(own)});
    for (const Use& use : uses) {
      const Access& access = cascade_.op(use.op).inputs[static_cast<std::size_t>(use.input)];
      const Index& index = access.indices[dimension];
      add({tensor, dimension, index.offset, extent_of(cascade_, index)});
    }
  }

  void add(RotatedValue value) {
    for (auto known = values_.begin(); known != values_.end();) {
      if (!overlap(*known, value)) {
        ++known;
        continue;
      }
      const std::int64_t end =
          std::max(known->offset + known->extent.value(), value.offset + value.extent.value());
      value.offset = std::min(known->offset, value.offset);
      value.extent = Elements{end - value.offset};
      known = values_.erase(known);
    }
    values_.push_back(value);
  }

  [[nodiscard]] Operand operand_of(const RotatedValue& stretch, bool plain) const {
    const auto found = std::find_if(values_.begin(), values_.end(),
                                    [&](const RotatedValue& value) { return overlap(value, stretch); });
    FUSESCAPE_EXPECTS(found != values_.end());
    return {static_cast<std::size_t>(found - values_.begin()), plain && *found == stretch};
  }

  void add_input(const Access& input, std::size_t position, RankId rank, Operands& found) const {
    for (std::size_t d = 0; d < input.indices.size(); ++d) {
      const Index& index = input.indices[d];
      if (!names(index, rank)) continue;
      if (is_weight(input.tensor)) {
        found.weights.push_back({position, {input.tensor, d, index.offset, cascade_.extent(rank)}});
      } else {
        const RotatedValue stretch{input.tensor, d, index.offset, extent_of(cascade_, index)};
        found.inputs.push_back(operand_of(stretch, !is_shifted(index) && !index.chunk));
      }
    }
  }

  [[nodiscard]] Operands operands_of(const Operator& op, RankId rank) const {
    Operands found;
    for (std::size_t i = 0; i < op.inputs.size(); ++i) add_input(op.inputs[i], i, rank, found);
    const std::vector<RankId>& ranks = cascade_.tensor(op.output).ranks;
    const auto at = std::find(ranks.begin(), ranks.end(), rank);
    if (at == ranks.end()) return found;
    const auto dimension = static_cast<std::size_t>(at - ranks.begin());
    for (std::size_t v = 0; v < values_.size(); ++v) {
      if (values_[v].tensor != op.output || values_[v].dimension != dimension) continue;
      found.outputs.push_back({v, values_[v].extent == cascade_.extent(rank)});
    }
    return found;
  }

  void visit(OpId id, RankId rank) {
    const Operator& op = cascade_.op(id);
    if (cascade_.extent(rank) <= Elements{1}) return;
    const Operands operands = operands_of(op, rank);
    if (operands.inputs.empty() && operands.outputs.empty()) return;
    const bool plain = std::all_of(operands.inputs.begin(), operands.inputs.end(),
                                   [](const Operand& operand) { return operand.plain; });
    const bool masked = op.where && (rank == op.where->key || rank == op.where->query);
    if (plain && !masked && commutes(id, rank, operands)) return;
    for (const Operand& input : operands.inputs) facts_[input.value].readers.push_back(id);
    for (const Operand& output : operands.outputs) facts_[output.value].makers.push_back(id);
  }

  /// Joins what has to be rotated together and notes what takes the rotation up; false if the operator does
  /// not commute.
  bool commutes(OpId id, RankId rank, const Operands& operands) {
    const Operator& op = cascade_.op(id);
    switch (class_of(op.kind)) {
      case OpClass::kContraction:
        return contraction(op, operands);
      case OpClass::kElementwise:
        return elementwise(id, rank, operands);
      case OpClass::kReduction:  // Linear along ranks that stay; a maximum is not.
        return op.kind != OpKind::kReduceMax && !operands.outputs.empty() && joined(operands);
      case OpClass::kRecurrence:  // out = in0 * out[l-1] + in1: linear along ranks that in0 lacks.
        return std::none_of(op.inputs.front().indices.begin(), op.inputs.front().indices.end(),
                            [&](const Index& index) { return index.rank == rank; }) &&
               operands.weights.empty() && joined(operands);
    }
    return false;
  }

  bool contraction(const Operator& op, const Operands& operands) {
    constexpr std::size_t kBias = 2;
    const auto factors = std::count_if(operands.weights.begin(), operands.weights.end(),
                                       [](const auto& weight) { return weight.first != kBias; });
    const auto values = static_cast<std::ptrdiff_t>(operands.inputs.size());
    const bool biased_by_value = op.inputs.size() > kBias && !is_weight(op.inputs[kBias].tensor);
    if (biased_by_value) return false;
    if (operands.outputs.empty()) {
      if (values == 2) return joined(operands);  // An inner product of two rotated vectors is what it was.
      if (values != 1 || factors != 1) return false;
      return absorbed(operands, operands.inputs.front().value);
    }
    if (values + factors != 1) return false;  // Both have it: pointwise along the rank.
    if (values == 1) return joined(operands) && absorbed(operands, operands.inputs.front().value);
    for (const Operand& output : operands.outputs) {
      for (const auto& [input, weight] : operands.weights) {
        Absorption part = weight;
        part.offset += values_[output.value].offset;
        part.extent = values_[output.value].extent;
        facts_[output.value].absorbed.push_back(part);
      }
    }
    return true;
  }

  bool elementwise(OpId id, RankId rank, const Operands& operands) {
    const Operator& op = cascade_.op(id);
    const std::size_t with_rank = operands.inputs.size() + operands.weights.size();
    switch (op.kind) {
      case OpKind::kAdd:
      case OpKind::kSub:
        return with_rank == op.inputs.size() && joined(operands) &&
               absorbed(operands, operands.inputs.front().value);
      case OpKind::kMul:
        if (operands.inputs.size() != 1) return false;
        for (const auto& [input, weight] : operands.weights) {
          if (cascade_.tensor(weight.weight).ranks != std::vector<RankId>{rank}) return false;
          if (operands.outputs.size() != 1 || !folds(op.output)) return false;
        }
        if (!joined(operands)) return false;
        for (const auto& [input, weight] : operands.weights)
          facts_[operands.inputs.front().value].folded.push_back({weight.weight, id});
        return true;
      case OpKind::kDiv:
        return operands.weights.empty() && operands.inputs.size() == 1 &&
               std::any_of(op.inputs.front().indices.begin(), op.inputs.front().indices.end(),
                           [&](const Index& index) { return index.rank == rank; }) &&
               joined(operands);
      case OpKind::kSquare:  // A sum of squares is what it was.
        return summed_over(op.output, rank);
      default:
        return false;
    }
  }

  /// Whether everything that reads `tensor` is a contraction with a weight over its last dimension, so that
  /// a gain along it can move there.
  [[nodiscard]] bool folds(TensorId tensor) const {
    const RankId last = cascade_.tensor(tensor).ranks.back();
    return std::all_of(cascade_.uses[index_of(tensor)].begin(), cascade_.uses[index_of(tensor)].end(),
                       [&](const Use& use) {
                         const Operator& op = cascade_.op(use.op);
                         return op.kind == OpKind::kMatmul && has_rank(op.reduction_ranks, last) &&
                                is_weight(op.inputs[use.input == 0 ? 1 : 0].tensor);
                       }) &&
           !cascade_.uses[index_of(tensor)].empty();
  }

  /// Whether only sums over `rank` read it.
  [[nodiscard]] bool summed_over(TensorId tensor, RankId rank) const {
    const std::vector<Use>& uses = cascade_.uses[index_of(tensor)];
    return !uses.empty() && std::all_of(uses.begin(), uses.end(), [&](const Use& use) {
      const Operator& op = cascade_.op(use.op);
      const bool sums = op.kind == OpKind::kReduceSum || op.kind == OpKind::kReduceMean;
      return sums && has_rank(op.reduction_ranks, rank);
    });
  }

  bool joined(const Operands& operands) {
    const auto whole = [](const Operand& operand) { return operand.plain; };
    if (!std::all_of(operands.outputs.begin(), operands.outputs.end(), whole)) return false;
    std::optional<std::size_t> first;
    for (const std::vector<Operand>* side : {&operands.inputs, &operands.outputs}) {
      for (const Operand& operand : *side) {
        if (first) parent_[root(operand.value)] = root(*first);
        first = operand.value;
      }
    }
    return true;
  }

  bool absorbed(const Operands& operands, std::size_t value) {
    for (const auto& [input, weight] : operands.weights) facts_[value].absorbed.push_back(weight);
    return true;
  }

  [[nodiscard]] std::size_t root(std::size_t value) const {
    while (parent_[value] != value) value = parent_[value];
    return value;
  }

  std::vector<RotationSite> gathered() {
    std::vector<RotationSite> sites;
    std::vector<std::optional<std::size_t>> site_of(values_.size());
    for (std::size_t v = 0; v < values_.size(); ++v) {
      if (values_[v].extent <= Elements{1} || is_summed_square(values_[v])) continue;
      std::optional<std::size_t>& at = site_of[root(v)];
      if (!at) {
        at = sites.size();
        sites.emplace_back();
      }
      RotationSite& site = sites[*at];
      const RotationSite& more = facts_[v];
      site.values.push_back(values_[v]);
      site.absorbed.insert(site.absorbed.end(), more.absorbed.begin(), more.absorbed.end());
      site.folded.insert(site.folded.end(), more.folded.begin(), more.folded.end());
      site.makers.insert(site.makers.end(), more.makers.begin(), more.makers.end());
      site.readers.insert(site.readers.end(), more.readers.begin(), more.readers.end());
    }
    for (RotationSite& site : sites) {
      site.form = !site.readers.empty()  ? RotationForm::kBlocked
                  : !site.makers.empty() ? RotationForm::kOnline
                                         : RotationForm::kAbsorbed;
      if (site.form != RotationForm::kBlocked && site.absorbed.empty()) site.form = RotationForm::kBlocked;
    }
    return sites;
  }

  /// A square that only sums read is never rotated itself.
  [[nodiscard]] bool is_summed_square(const RotatedValue& value) const {
    const auto& producer = cascade_.producer[index_of(value.tensor)];
    if (!producer || cascade_.op(*producer).kind != OpKind::kSquare) return false;
    return summed_over(value.tensor, cascade_.tensor(value.tensor).ranks[value.dimension]);
  }

  const Cascade& cascade_;
  std::vector<RotatedValue> values_;
  std::vector<std::size_t> parent_;  ///< Union-find over values_.
  std::vector<RotationSite> facts_;  ///< Per value; `values` and `form` unused.
};

/// The cascade's own parts, without what make_cascade derives.
Cascade parts_of(const Cascade& cascade) {
  return {.name = cascade.name,
          .ranks = cascade.ranks,
          .tensors = cascade.tensors,
          .operators = cascade.operators,
          .producer = {},
          .uses = {},
          .recurrences = {},
          .recurrence_of = {}};
}

Access whole(TensorId tensor, const std::vector<RankId>& ranks) {
  Access access{tensor, {}};
  for (const RankId rank : ranks) access.indices.push_back({.rank = rank});
  return access;
}

/// Everything but the operators from `first` on reads `to` instead of `from`.
void redirect(Cascade& parts, TensorId from, TensorId to, std::size_t first) {
  for (std::size_t i = 0; i < first; ++i) {
    for (Access& input : parts.operators[i].inputs) {
      if (input.tensor == from) input.tensor = to;
    }
  }
}

TensorId add_tensor(Cascade& parts, Tensor tensor) {
  parts.tensors.push_back(std::move(tensor));
  return TensorId{static_cast<std::uint16_t>(parts.tensors.size() - 1)};
}

Cascade checked(Cascade parts) {
  CheckedCascade made = make_cascade(std::move(parts));
  FUSESCAPE_EXPECTS(made.problems.empty());
  return std::move(made.cascade);
}

}  // namespace

std::vector<RotationSite> rotation_sites(const Cascade& cascade) {
  return Sites{cascade}.run();
}

Cascade with_transform_matrix(const Cascade& cascade, const RotationSite& site) {
  FUSESCAPE_EXPECTS(site.values.size() == 1);
  const RotatedValue& value = site.values.front();
  Cascade parts = parts_of(cascade);
  const Tensor& tensor = cascade.tensor(value.tensor);
  const RankId rank = tensor.ranks[value.dimension];
  FUSESCAPE_EXPECTS(value.offset == 0 && value.extent == cascade.extent(rank));
  parts.ranks.push_back({"from_" + tensor.name, value.extent});
  const RankId from{static_cast<std::uint16_t>(parts.ranks.size() - 1)};
  const TensorId matrix = add_tensor(
      parts,
      {.name = "H_" + tensor.name, .ranks = {from, rank}, .type = tensor.type, .kind = TensorKind::kWeight});
  const TensorId rotated =
      add_tensor(parts, {.name = tensor.name + "_rotated", .ranks = tensor.ranks, .type = tensor.type});
  const std::size_t before = parts.operators.size();
  std::vector<RankId> read = tensor.ranks;
  read[value.dimension] = from;
  parts.operators.push_back({.name = "rotate_" + tensor.name,
                             .kind = OpKind::kMatmul,
                             .output = rotated,
                             .inputs = {whole(value.tensor, read), whole(matrix, {from, rank})},
                             .ranks = {},
                             .reduction_ranks = {}});
  redirect(parts, value.tensor, rotated, before);
  return checked(std::move(parts));
}

Cascade with_transform_stages(const Cascade& cascade, const RotationSite& site, int stages) {
  FUSESCAPE_EXPECTS(site.values.size() == 1 && stages >= 1);
  const TensorId value = site.values.front().tensor;
  Cascade parts = parts_of(cascade);
  const Tensor& tensor = cascade.tensor(value);
  const std::size_t before = parts.operators.size();
  TensorId last = value;
  for (int stage = 1; stage <= stages; ++stage) {
    const std::string suffix = "_stage" + std::to_string(stage);
    const TensorId next =
        add_tensor(parts, {.name = tensor.name + suffix, .ranks = tensor.ranks, .type = tensor.type});
    parts.operators.push_back({.name = "rotate_" + tensor.name + suffix,
                               .kind = OpKind::kAdd,
                               .output = next,
                               .inputs = {whole(last, tensor.ranks), whole(last, tensor.ranks)},
                               .ranks = {},
                               .reduction_ranks = {}});
    last = next;
  }
  redirect(parts, value, last, before);
  return checked(std::move(parts));
}

}  // namespace fusescape
