#include "fusescape/workload/roles.hpp"

#include <algorithm>
#include <optional>

namespace fusescape {
namespace {

bool contains(const std::vector<OpId>& operators, OpId op) {
  return std::find(operators.begin(), operators.end(), op) != operators.end();
}

bool includes(const std::vector<RankId>& all, const std::vector<RankId>& some) {
  return std::all_of(some.begin(), some.end(), [&](RankId rank) { return has_rank(all, rank); });
}

bool is_elementwise(const Operator& op) {
  return class_of(op.kind) == OpClass::kElementwise;
}

enum class Side : unsigned char { kFactor, kAddend };

/// How input `input` of an operator of a recurrence enters it.
Side side_of(const Operator& op, int input) {
  switch (op.kind) {
    case OpKind::kMul:
    case OpKind::kDiv:
      return Side::kFactor;
    case OpKind::kMatmul:
    case OpKind::kConv:
    case OpKind::kScan:
      return input < 2 ? Side::kFactor : Side::kAddend;
    case OpKind::kAdd:
    case OpKind::kSub:
    case OpKind::kMax:
    case OpKind::kExp:
    case OpKind::kSoftplus:
    case OpKind::kSilu:
    case OpKind::kSigmoid:
    case OpKind::kRelu:
    case OpKind::kSquare:
    case OpKind::kSqrt:
    case OpKind::kRsqrt:
    case OpKind::kReciprocal:
    case OpKind::kReduceSum:
    case OpKind::kReduceMean:
    case OpKind::kReduceMax:
    case OpKind::kGather:
      return Side::kAddend;
  }
  return Side::kAddend;
}

/// Finds the roles of one recurrence. Operators come in an order in which every unshifted read follows its
/// write: one pass back finds what leads only somewhere, one pass on finds what comes from the state.
class RoleSearch {
 public:
  RoleSearch(const Cascade& cascade, const Recurrence& recurrence, std::vector<bool>& taken)
      : cascade_{cascade}, taken_{taken} {
    update_.tokens = recurrence.rank;
    update_.recurrence = recurrence.operators;
    update_.state = carried();
  }

  StateUpdate run() {
    update_.readers = readers();
    update_.decay = feeders(Side::kFactor);
    update_.input = feeders(Side::kAddend);
    split_ranks();
    return std::move(update_);
  }

 private:
  [[nodiscard]] const std::vector<RankId>& ranks_of(OpId op) const {
    return cascade_.tensor(cascade_.op(op).output).ranks;
  }
  [[nodiscard]] const std::vector<Use>& uses_of(OpId op) const {
    return cascade_.uses[index_of(cascade_.op(op).output)];
  }
  [[nodiscard]] TensorId carried() const;
  [[nodiscard]] bool reads_earlier(const Use& use) const;
  [[nodiscard]] std::vector<OpId> feeders(Side side);
  [[nodiscard]] bool leads_only_to(OpId op, Side side, const std::vector<OpId>& found) const;
  [[nodiscard]] std::vector<OpId> readers();
  [[nodiscard]] bool may_read(OpId op, const std::vector<OpId>& before) const;
  [[nodiscard]] bool sums_state(const Operator& op) const;
  [[nodiscard]] bool is_common(RankId rank) const;
  void split_ranks();

  const Cascade& cascade_;
  std::vector<bool>& taken_;  ///< Per operator: it is in a recurrence or has a role.
  StateUpdate update_;
};

bool RoleSearch::reads_earlier(const Use& use) const {
  const Access& access = cascade_.op(use.op).inputs[static_cast<std::size_t>(use.input)];
  return std::any_of(access.indices.begin(), access.indices.end(),
                     [&](const Index& index) { return index.rank == update_.tokens && is_shifted(index); });
}

TensorId RoleSearch::carried() const {
  std::optional<TensorId> state;
  for (const OpId op : update_.recurrence) {
    const bool earlier = std::any_of(uses_of(op).begin(), uses_of(op).end(), [&](const Use& use) {
      return contains(update_.recurrence, use.op) && reads_earlier(use);
    });
    if (!earlier) continue;
    if (!state || ranks_of(op).size() > cascade_.tensor(*state).ranks.size()) state = cascade_.op(op).output;
  }
  return state.value_or(cascade_.op(update_.recurrence.front()).output);
}

bool RoleSearch::leads_only_to(OpId op, Side side, const std::vector<OpId>& found) const {
  return std::all_of(uses_of(op).begin(), uses_of(op).end(), [&](const Use& use) {
    if (!reads_whole(cascade_, use)) return false;
    if (contains(found, use.op)) return same_ranks(ranks_of(use.op), ranks_of(op));
    return contains(update_.recurrence, use.op) && side_of(cascade_.op(use.op), use.input) == side;
  });
}

std::vector<OpId> RoleSearch::feeders(Side side) {
  std::vector<OpId> found;
  for (std::size_t i = cascade_.operators.size(); i-- > 0;) {
    const OpId op{static_cast<std::uint16_t>(i)};
    const Operator& candidate = cascade_.op(op);
    if (taken_[i] || !is_elementwise(candidate) || uses_of(op).empty()) continue;
    if (cascade_.tensor(candidate.output).kind != TensorKind::kIntermediate) continue;
    if (!has_rank(ranks_of(op), update_.tokens) || !leads_only_to(op, side, found)) continue;
    found.push_back(op);
    taken_[i] = true;
  }
  std::reverse(found.begin(), found.end());
  return found;
}

bool RoleSearch::sums_state(const Operator& op) const {
  const std::vector<RankId>& state = cascade_.tensor(update_.state).ranks;
  return std::any_of(op.reduction_ranks.begin(), op.reduction_ranks.end(),
                     [&](RankId rank) { return has_rank(state, rank); }) &&
         !has_rank(op.reduction_ranks, update_.tokens);
}

/// Whether `op` has the form of a reader and reads the state or what one of `before` makes of it.
bool RoleSearch::may_read(OpId op, const std::vector<OpId>& before) const {
  const Operator& reader = cascade_.op(op);
  const std::vector<RankId>& state = cascade_.tensor(update_.state).ranks;
  const bool form = is_elementwise(reader)
                        ? same_ranks(reader.ranks, state)
                        : sums(reader.kind) && includes(reader.ranks, state) && sums_state(reader);
  if (!form) return false;
  bool reads = false;
  for (const Access& input : reader.inputs) {
    const bool brings_ranks =
        std::any_of(input.indices.begin(), input.indices.end(), [&](const Index& index) {
          return !has_rank(state, index.rank) || (index.tap && !has_rank(state, *index.tap)) ||
                 (index.chunk && !has_rank(state, *index.chunk));
        });
    if (brings_ranks && !names(input, update_.tokens)) return false;
    const auto& producer = cascade_.producer[index_of(input.tensor)];
    reads = reads || input.tensor == update_.state || (producer && contains(before, *producer));
  }
  return reads;
}

std::vector<OpId> RoleSearch::readers() {
  std::vector<OpId> elementwise;
  std::vector<OpId> candidates;
  for (std::size_t i = 0; i < cascade_.operators.size(); ++i) {
    const OpId op{static_cast<std::uint16_t>(i)};
    if (taken_[i] || !may_read(op, elementwise)) continue;
    candidates.push_back(op);
    const bool stays = cascade_.tensor(cascade_.op(op).output).kind == TensorKind::kIntermediate;
    if (is_elementwise(cascade_.op(op)) && stays) elementwise.push_back(op);
  }
  std::reverse(candidates.begin(), candidates.end());
  std::vector<OpId> found;
  for (const OpId op : candidates) {
    const auto& uses = uses_of(op);
    const bool leads = !uses.empty() && std::all_of(uses.begin(), uses.end(), [&](const Use& use) {
      return reads_whole(cascade_, use) && contains(found, use.op);
    });
    if (is_elementwise(cascade_.op(op)) && !(leads && contains(elementwise, op))) continue;
    found.push_back(op);
    taken_[index_of(op)] = true;
  }
  std::reverse(found.begin(), found.end());
  return found;
}

/// Whether every operator of the update makes its output along `rank`.
bool RoleSearch::is_common(RankId rank) const {
  const std::vector<OpId> all = operators_of(update_);
  return std::all_of(all.begin(), all.end(), [&](OpId op) { return has_rank(ranks_of(op), rank); });
}

void RoleSearch::split_ranks() {
  std::vector<Access> per_token = outside_reads(cascade_, operators_of(update_));
  std::erase_if(per_token, [&](const Access& access) { return !names(access, update_.tokens); });
  for (const RankId rank : cascade_.tensor(update_.state).ranks) {
    if (rank == update_.tokens) continue;
    const bool summed = std::any_of(update_.readers.begin(), update_.readers.end(),
                                    [&](OpId op) { return has_rank(cascade_.op(op).reduction_ranks, rank); });
    const bool everywhere =
        is_common(rank) && std::all_of(per_token.begin(), per_token.end(),
                                       [&](const Access& access) { return names(access, rank); });
    if (summed) {
      update_.entries.push_back(rank);
    } else if (everywhere) {
      update_.lanes.push_back(rank);
    } else {
      update_.channels.push_back(rank);
    }
  }
  if (!update_.channels.empty() || update_.lanes.empty()) return;
  update_.channels.push_back(update_.lanes.back());
  update_.lanes.pop_back();
}

}  // namespace

bool same_ranks(const std::vector<RankId>& a, const std::vector<RankId>& b) {
  return a.size() == b.size() && includes(a, b);
}

std::vector<OpId> operators_of(const StateUpdate& update) {
  std::vector<OpId> all;
  for (const auto* role : {&update.decay, &update.input, &update.recurrence, &update.readers}) {
    all.insert(all.end(), role->begin(), role->end());
  }
  return all;
}

std::vector<Access> outside_reads(const Cascade& cascade, const std::vector<OpId>& operators) {
  std::vector<Access> reads;
  for (const OpId op : operators) {
    for (const Access& input : cascade.op(op).inputs) {
      const auto& producer = cascade.producer[index_of(input.tensor)];
      if (!producer || !contains(operators, *producer)) reads.push_back(input);
    }
  }
  return reads;
}

std::vector<StateUpdate> state_updates(const Cascade& cascade) {
  std::vector<bool> taken;
  for (const auto& recurrence : cascade.recurrence_of) taken.push_back(recurrence.has_value());
  std::vector<StateUpdate> updates;
  for (const Recurrence& recurrence : cascade.recurrences) {
    updates.push_back(RoleSearch{cascade, recurrence, taken}.run());
  }
  return updates;
}

}  // namespace fusescape
