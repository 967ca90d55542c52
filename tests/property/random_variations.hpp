// Random cascades and plans with more variety: every type and kind of operator, slices, scans, and what a
// plan says about storage in DRAM and between groups.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "fusescape/workload/resident.hpp"
#include "fusescape/workload/role_types.hpp"
#include "random_plans.hpp"

namespace fusescape::test_plans {

/// Changes a random cascade; what does not come out sound is left as it was.
class CascadeVariation {
 public:
  CascadeVariation(Dice& dice, Cascade cascade) : dice_{dice}, cascade_{std::move(cascade)} {}

  Cascade run() {
    attempt(&CascadeVariation::slice);
    if (dice_.one_in(3)) attempt(&CascadeVariation::read_in_chunks);
    attempt(&CascadeVariation::choose_kinds);
    if (dice_.one_in(3)) attempt(&CascadeVariation::keep_pairs);
    if (dice_.one_in(4)) attempt(&CascadeVariation::add_scan);
    if (dice_.one_in(3)) attempt(&CascadeVariation::mix_types);
    return std::move(cascade_);
  }

 private:
  void attempt(void (CascadeVariation::*change)(Cascade&)) {
    Cascade changed = cascade_;
    (this->*change)(changed);
    CheckedCascade checked = make_cascade(std::move(changed));
    if (checked.problems.empty()) cascade_ = std::move(checked.cascade);
  }

  RankId random_rank(const Cascade& cascade) {
    return RankId{
        static_cast<std::uint16_t>(dice_.in(0, static_cast<std::int64_t>(cascade.ranks.size()) - 1))};
  }

  /// Reads a dimension along another rank, perhaps a slice of it.
  void slice(Cascade& cascade) {
    if (!dice_.one_in(2)) return;
    Operator& op = cascade.operators[static_cast<std::size_t>(
        dice_.in(0, static_cast<std::int64_t>(cascade.operators.size()) - 1))];
    Access& access =
        op.inputs[static_cast<std::size_t>(dice_.in(0, static_cast<std::int64_t>(op.inputs.size()) - 1))];
    for (std::size_t i = 0; i < access.indices.size(); ++i) {
      Index& index = access.indices[i];
      if (index.distance > 0 || index.tap || !dice_.one_in(2)) continue;
      const RankId along = random_rank(cascade);
      const std::int64_t room =
          cascade.extent(cascade.tensor(access.tensor).ranks[i]).value() - cascade.extent(along).value();
      if (room >= 0) index = {.rank = along, .offset = dice_.in(0, room)};
    }
    fit_kind(cascade, op);
  }

  /// Reads a dimension chunk by chunk, along two ranks of which it has room for all elements.
  void read_in_chunks(Cascade& cascade) {
    Operator& op = cascade.operators[static_cast<std::size_t>(
        dice_.in(0, static_cast<std::int64_t>(cascade.operators.size()) - 1))];
    Access& access =
        op.inputs[static_cast<std::size_t>(dice_.in(0, static_cast<std::int64_t>(op.inputs.size()) - 1))];
    for (std::size_t i = 0; i < access.indices.size(); ++i) {
      Index& index = access.indices[i];
      if (index.distance > 0 || index.tap) continue;
      const Index chunked{.rank = random_rank(cascade), .chunk = random_rank(cascade)};
      const Elements extent = cascade.extent(cascade.tensor(access.tensor).ranks[i]);
      if (chunked.rank != *chunked.chunk && extent_of(cascade, chunked) <= extent) index = chunked;
    }
    fit_kind(cascade, op);
  }

  /// A sum if its inputs have ranks that its output lacks, else element-wise.
  static void fit_kind(const Cascade& cascade, Operator& op) {
    bool reduces = false;
    for (const Access& access : op.inputs) {
      for (const Index& index : access.indices) {
        const auto& output = cascade.tensor(op.output).ranks;
        reduces = reduces || !has_rank(output, index.rank) || (index.tap && !has_rank(output, *index.tap));
      }
    }
    if (reduces) op.kind = op.inputs.size() > 1 ? OpKind::kMatmul : OpKind::kReduceSum;
    if (!reduces) op.kind = op.inputs.size() > 1 ? OpKind::kMul : OpKind::kExp;
  }

  void choose_kinds(Cascade& cascade) {
    const std::size_t count = cascade.operators.size();
    for (std::size_t i = 0; i < count; ++i) {
      Operator& op = cascade.operators[i];
      if (cascade.recurrence_of[i]) continue;
      if (dice_.one_in(3)) op.inputs.pop_back();
      fit_kind(cascade, op);
      if (op.kind == OpKind::kMatmul && dice_.one_in(3)) add_bias(cascade, op);
      choose_kind(op);
    }
  }

  void add_bias(Cascade& cascade, Operator& op) {
    Tensor bias{.name = fmt::format("{}_bias", op.name), .ranks = {}, .kind = TensorKind::kWeight};
    Access access{TensorId{static_cast<std::uint16_t>(cascade.tensors.size())}, {}};
    for (const RankId rank : cascade.tensor(op.output).ranks) {
      if (dice_.one_in(2)) continue;
      bias.ranks.push_back(rank);
      access.indices.push_back({.rank = rank});
    }
    bias.type = cascade.tensor(op.output).type;
    cascade.tensors.push_back(bias);
    op.inputs.push_back(access);
  }

  void choose_kind(Operator& op) {
    if (op.kind == OpKind::kMul) {
      op.kind = dice_.pick<OpKind>(
          {OpKind::kMul, OpKind::kAdd, OpKind::kSub, OpKind::kDiv, OpKind::kMax, OpKind::kSoftplus});
    } else if (op.kind == OpKind::kExp) {
      op.kind = dice_.pick<OpKind>({OpKind::kExp, OpKind::kSilu, OpKind::kSigmoid, OpKind::kRelu,
                                    OpKind::kSquare, OpKind::kReciprocal, OpKind::kGather});
    } else if (op.kind == OpKind::kReduceSum) {
      op.kind = dice_.pick<OpKind>({OpKind::kReduceSum, OpKind::kReduceMean, OpKind::kReduceMax});
    }
  }

  /// Some points of an operator count, the others do not.
  void keep_pairs(Cascade& cascade) {
    Operator& op = cascade.operators[static_cast<std::size_t>(
        dice_.in(0, static_cast<std::int64_t>(cascade.operators.size()) - 1))];
    if (op.ranks.size() < 2) return;
    const CausalPairs pairs{.key = dice_.pick(op.ranks), .query = dice_.pick(op.ranks)};
    cascade.ranks[index_of(pairs.key)].extent = cascade.extent(pairs.query);
    op.where = pairs;
  }

  /// s[l] = a[l] s[l-1] + b[l], and an operator that reads s.
  void add_scan(Cascade& cascade) {
    const RankId l{0};
    const DataType type = cascade.tensors.front().type;
    std::vector<RankId> ranks{l};
    if (dice_.one_in(2)) ranks.insert(dice_.one_in(2) ? ranks.begin() : ranks.end(), RankId{1});
    const auto add = [&](const char* name, TensorKind kind) {
      cascade.tensors.push_back({.name = name, .ranks = ranks, .type = type, .kind = kind});
      Access access{TensorId{static_cast<std::uint16_t>(cascade.tensors.size() - 1)}, {}};
      for (const RankId rank : ranks) access.indices.push_back({.rank = rank});
      return access;
    };
    const Access a = add("s_a", TensorKind::kInput);
    const Access b = add("s_b", TensorKind::kInput);
    const Access s = add("s", TensorKind::kState);
    const Access r = add("r", TensorKind::kOutput);
    Tensor& state = cascade.tensors[index_of(s.tensor)];
    state.initial = dice_.one_in(2) ? Initial::kLoaded : Initial::kZero;
    state.final_value = dice_.one_in(2) ? Final::kStored : Final::kDropped;
    Access old = s;
    for (Index& index : old.indices) index.distance = index.rank == l ? 1 : 0;
    const auto make = [&](const char* name, OpKind kind, const Access& output, std::vector<Access> inputs) {
      Operator op;
      op.name = name;
      op.kind = kind;
      op.output = output.tensor;
      op.inputs = std::move(inputs);
      cascade.operators.push_back(std::move(op));
    };
    const RankId mixed{2};
    const bool mixes =
        ranks.size() > 1 && dice_.one_in(3) && cascade.extent(mixed) <= cascade.extent(RankId{1});
    if (mixes) {  // s[l, m] = sum over n of s[l-1, n] w[n, m], if there are at least as many m.
      cascade.tensors.push_back(
          {.name = "s_w", .ranks = {mixed, RankId{1}}, .type = type, .kind = TensorKind::kWeight});
      const Access w{TensorId{static_cast<std::uint16_t>(cascade.tensors.size() - 1)},
                     {{.rank = mixed}, {.rank = RankId{1}}}};
      Access mixing = old;
      for (Index& index : mixing.indices) index.rank = index.rank == l ? l : mixed;
      make("s", OpKind::kMatmul, s, {mixing, w});
    } else {
      make("s", OpKind::kScan, s, {a, old, b});
    }
    make("r", OpKind::kMul, r, {s, dice_.one_in(2) ? a : old});
  }

  void mix_types(Cascade& cascade) {
    const bool each = dice_.one_in(2);
    DataType type = kDataTypes[static_cast<std::size_t>(dice_.in(0, kDataTypes.size() - 1))].type;
    for (Tensor& tensor : cascade.tensors) {
      if (each) type = kDataTypes[static_cast<std::size_t>(dice_.in(0, kDataTypes.size() - 1))].type;
      tensor.type = type;
    }
  }

  Dice& dice_;
  Cascade cascade_;
};

/// Some of what is loaded, stored, given or handed out stays on chip instead; the bytes of all of it, of one
/// to three layers, are taken.
inline void keep_some_resident(Dice& dice, Cascade& cascade) {
  for (Tensor& tensor : cascade.tensors) {
    const bool is_given = tensor.kind == TensorKind::kInput && dice.one_in(3);
    if (is_given || (tensor.initial == Initial::kLoaded && dice.chance(2, 3))) {
      tensor.initial = Initial::kResident;
    }
    const bool is_handed_out = tensor.kind == TensorKind::kOutput && dice.one_in(3);
    if (is_handed_out || (tensor.final_value == Final::kStored && dice.chance(2, 3))) {
      tensor.final_value = Final::kResident;
    }
  }
  cascade.resident = resident_bytes(cascade) * dice.in(1, 3);
}

/// Some sums are kept in another type that holds them.
inline void vary_accumulators(Dice& dice, Cascade& cascade) {
  for (const Operator& op : cascade.operators) {
    const DataType type = kDataTypes[static_cast<std::size_t>(dice.in(0, kDataTypes.size() - 1))].type;
    Tensor& sum = cascade.tensors[index_of(op.output)];
    if (holds_sums(type, sum.type) && dice.one_in(2)) sum.accumulator = type;
  }
}

/// Adds to a random plan what it says about DRAM and about the time between groups; may swap two operators.
inline void vary_plan(Dice& dice, const Cascade& cascade, Plan& plan) {
  if (dice.one_in(6)) {
    std::vector<std::size_t> leaves;
    for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
      if (plan.nodes[i].kind == NodeKind::kOperator) leaves.push_back(i);
    }
    std::swap(plan.nodes[dice.pick(leaves)].op, plan.nodes[dice.pick(leaves)].op);
  }
  for (std::size_t i = 0; i < cascade.tensors.size(); ++i) {
    const TensorId tensor{static_cast<std::uint16_t>(i)};
    if (dice.one_in(5)) plan.formats.push_back({tensor, static_cast<int>(dice.in(1, 70))});
    if (!cascade.producer[i] || !dice.one_in(2)) continue;
    const Bytes all = bytes_of(elements_of(cascade, tensor), bits_of(cascade.tensor(tensor).type));
    const std::int64_t word = std::max(bits_of(cascade.tensor(tensor).type) / 8, 1);
    const std::int64_t part = dice.in(1, all.value());
    const Bytes some{dice.one_in(2) ? part : std::max(part / word, std::int64_t{1}) * word};
    plan.retentions.push_back({tensor, dice.one_in(3) ? all : some});
    if (!resolve(cascade, plan)) plan.retentions.pop_back();
  }
}

}  // namespace fusescape::test_plans
