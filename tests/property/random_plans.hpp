// Which cascades and plans do the property tests try? Small random ones, reproducible from a seed.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "dice.hpp"
#include "for_all.hpp"
#include "fusescape/plan/windows.hpp"
#include "plans.hpp"

namespace fusescape::test_plans {

/// One to four operators over L, M, N and a window K: contractions, element-wise operators, and now and then
/// a recurrence along L. Reads may be shifted or windowed; states may be loaded and stored.
class RandomCascade {
 public:
  explicit RandomCascade(Dice& dice)
      : dice_{dice},
        make_{"random", dice.pick<DataType>({DataType::kInt4, DataType::kInt8, DataType::kFp32})} {
    for (const char* name : {"L", "M", "N"}) ranks_.push_back(make_.rank(name, Elements{dice_.in(1, 7)}));
    k_ = make_.rank("K", Elements{dice_.in(1, 3)});
  }

  CheckedCascade run() {
    const auto count = dice_.in(1, 3);
    for (std::int64_t i = 0; i < count; ++i) add_operator(fmt::format("op{}", i));
    if (dice_.one_in(3)) add_recurrence();
    for (const TensorId tensor : made_) {
      if (dice_.one_in(4)) make_.tensor(tensor).kind = TensorKind::kOutput;
      if (dice_.one_in(2)) make_.tensor(tensor).initial = Initial::kLoaded;
      if (dice_.one_in(2)) make_.tensor(tensor).final_value = Final::kStored;
    }
    return make_.finish();
  }

 private:
  std::vector<RankId> some_ranks(const std::vector<RankId>& from, std::int64_t of_four) {
    std::vector<RankId> some;
    for (const RankId rank : from) {
      if (dice_.chance(of_four, 4)) some.push_back(rank);
    }
    if (some.empty() && !from.empty()) some.push_back(dice_.pick(from));
    return some;
  }

  Access read(const std::string& name) {
    TensorId tensor{};
    if (!made_.empty() && dice_.in(1, 3) > 1) {
      tensor = dice_.pick(made_);
    } else {
      tensor = make_.tensor(name, some_ranks(ranks_, 2), TensorKind::kInput);
      if (dice_.one_in(4)) make_.tensor(tensor).initial = Initial::kLoaded;
    }
    Access access = make_.at(tensor);
    for (Index& index : access.indices) {
      if (index.rank != ranks_.front() || !dice_.one_in(3)) continue;
      if (dice_.one_in(2)) index.tap = k_;
      if (!index.tap || dice_.one_in(3)) index.distance = dice_.in(1, 2);
    }
    return access;
  }

  void add_operator(const std::string& name) {
    const Access a = read(name + "_a");
    const Access b = read(name + "_b");
    std::vector<RankId> space;
    for (const Access* access : {&a, &b}) {
      for (const Index& index : access->indices) {
        if (!has_rank(space, index.rank)) space.push_back(index.rank);
        if (index.tap && !has_rank(space, *index.tap)) space.push_back(*index.tap);
      }
    }
    std::vector<RankId> output = some_ranks(space, 3);
    output.erase(std::remove(output.begin(), output.end(), k_), output.end());
    const bool reduces = output.size() < space.size();
    made_.push_back(make_.make(name, reduces ? OpKind::kMatmul : OpKind::kMul, {name, output}, {a, b}));
  }

  /// t = a[l] * h[l-d], h = t + b.
  void add_recurrence() {
    std::vector<RankId> ranks = some_ranks({ranks_[1], ranks_[2]}, 2);
    ranks.insert(ranks.begin(), ranks_.front());
    const TensorId a = make_.tensor("h_a", ranks, TensorKind::kInput);
    const TensorId b = make_.tensor("h_b", some_ranks(ranks, 2), TensorKind::kInput);
    const TensorId h = make_.tensor("h", ranks, TensorKind::kState);
    const Access old = make_.earlier(h, ranks_.front(), dice_.in(1, 2));
    const TensorId t = make_.make("t", OpKind::kMul, {"t", ranks}, {make_.at(a), old});
    make_.make("h", OpKind::kAdd, h, {make_.at(t), make_.at(b)});
    made_.push_back(h);
  }

  Dice& dice_;
  CascadeBuilder make_;
  std::vector<RankId> ranks_;
  RankId k_{};
  std::vector<TensorId> made_;
};

inline Cascade random_cascade(Dice& dice) {
  for (;;) {
    CheckedCascade checked = RandomCascade{dice}.run();
    if (checked.problems.empty()) return std::move(checked.cascade);
  }
}

/// The same cascade with ranks long enough for loops to become periodic.
inline Cascade lengthened(Dice& dice, Cascade cascade, std::int64_t most = 40) {
  for (Rank& rank : cascade.ranks) {
    if (rank.name != "K") rank.extent = Elements{dice.in(1, most)};
  }
  return sound(make_cascade(std::move(cascade)));
}

/// A random tree over all operators in their order, with random storage nodes; often illegal.
class RandomPlan {
 public:
  RandomPlan(Dice& dice, const Cascade& cascade) : dice_{dice}, cascade_{cascade} {}

  Plan run() {
    const auto count = static_cast<std::int64_t>(cascade_.operators.size());
    for (std::int64_t first = 0; first < count;) {
      const std::int64_t end = dice_.one_in(3) ? dice_.in(first + 1, count) : count;
      fill(add_sequence(plan_, kRoot), first, end);
      first = end;
    }
    for (std::size_t i = 0; i < cascade_.tensors.size(); ++i)
      add_storages(TensorId{static_cast<std::uint16_t>(i)});
    return std::move(plan_);
  }

 private:
  void fill(NodeId node, std::int64_t first, std::int64_t end) {
    if (loops_ < 5 && dice_.one_in(2)) {
      ++loops_;
      const auto rank = RankId{static_cast<std::uint16_t>(dice_.in(0, 3))};
      return fill(add_loop(plan_, node, rank, dice_.in(1, cascade_.extent(rank).value() + 1)), first, end);
    }
    if (dice_.one_in(8)) node = add_chain(plan_, node);
    const bool chained = plan_.node(node).kind == NodeKind::kChain;
    while (first < end) {
      const std::int64_t next = dice_.in(first + 1, end);
      if (chained || next == first + 1) {
        add_operator(plan_, node, OpId{static_cast<std::uint16_t>(first)});
        ++first;
      } else {
        fill(add_sequence(plan_, node), first, next);
        first = next;
      }
    }
  }

  /// Only what is fetched below a loop along a window of it holds a halo.
  [[nodiscard]] bool may_hold(const Storage& storage) const {
    const std::vector<OpId> here = operators_below(plan_, group_of(plan_, storage.node));
    return std::any_of(here.begin(), here.end(),
                       [&](OpId op) {
                         const auto& inputs = cascade_.op(op).inputs;
                         return std::any_of(inputs.begin(), inputs.end(), [&](const Access& access) {
                           return access.tensor == storage.tensor &&
                                  steps_along_window(plan_, storage.node, access);
                         });
                       }) &&
           (storage.spilled || std::none_of(here.begin(), here.end(), [&](OpId op) {
              return cascade_.op(op).output == storage.tensor;
            }));
  }

  /// Somewhere above all users in a group, perhaps.
  void add_storages(TensorId tensor) {
    for (const NodeId group : plan_.node(kRoot).children) {
      std::optional<NodeId> node;
      for (const OpId op : operators_below(plan_, group)) {
        const auto uses = [&](const Access& access) { return access.tensor == tensor; };
        const Operator& user = cascade_.op(op);
        if (user.output != tensor && std::none_of(user.inputs.begin(), user.inputs.end(), uses)) continue;
        NodeId leaf = kRoot;
        for (std::size_t i = 0; i < plan_.nodes.size(); ++i) {
          if (plan_.nodes[i].kind == NodeKind::kOperator && plan_.nodes[i].op == op) {
            leaf = plan_.nodes[i].parent;
          }
        }
        node = node ? common_ancestor(plan_, *node, leaf) : leaf;
      }
      if (!node || !dice_.one_in(3)) continue;
      if (plan_.node(*node).kind == NodeKind::kChain) node = plan_.node(*node).parent;
      while (*node != group && dice_.one_in(2)) node = plan_.node(*node).parent;
      Storage storage{.tensor = tensor, .node = *node};
      if (dice_.one_in(3)) storage.slots = static_cast<int>(dice_.in(1, 2));
      storage.spilled = dice_.one_in(3);
      storage.held = dice_.one_in(3) && may_hold(storage);
      plan_.storages.push_back(storage);
    }
  }

  Dice& dice_;
  const Cascade& cascade_;
  Plan plan_;
  int loops_ = 0;
};

/// One group: an outer loop, in which each operator has a loop of its own, in short tiles.
inline Plan taking_turns(Dice& dice, const Cascade& cascade) {
  Plan plan;
  const NodeId group = add_sequence(plan, kRoot);
  const auto any = static_cast<std::uint16_t>(dice.in(0, 2));
  const std::int64_t extent = cascade.extent(RankId{any}).value();
  const NodeId outer = add_loop(plan, group, RankId{any}, std::max<std::int64_t>(extent / dice.in(1, 4), 1));
  for (std::size_t i = 0; i < cascade.operators.size(); ++i) {
    const OpId op{static_cast<std::uint16_t>(i)};
    NodeId node = outer;
    for (const RankId rank : cascade.op(op).ranks) {
      if (dice.one_in(2)) node = add_loop(plan, node, rank, dice.in(1, 2));
    }
    add_operator(plan, node, op);
  }
  return plan;
}

inline std::string text_of(const Cascade& cascade, const Plan& plan, NodeId node = kRoot) {
  const Node& here = plan.node(node);
  if (here.kind == NodeKind::kOperator) return fmt::format("{} ", cascade.op(here.op).name);
  std::string text;
  if (here.kind == NodeKind::kLoop) text = fmt::format("{}:{}", cascade.rank(here.rank).name, here.tile);
  if (here.kind == NodeKind::kChain) text = "chain";
  text += "{ ";
  for (const Storage& storage : plan.storages) {
    if (storage.node != node) continue;
    text += fmt::format("@{}{}{}{} ", cascade.tensor(storage.tensor).name,
                        storage.slots ? fmt::format("*{}", *storage.slots) : "", storage.spilled ? "!" : "",
                        storage.held ? "^" : "");
  }
  for (const NodeId child : here.children) text += text_of(cascade, plan, child);
  return fmt::format("{}}} ", text);
}

inline std::string text_of(const Cascade& cascade, const Access& access) {
  std::string text = fmt::format("{}[", cascade.tensor(access.tensor).name);
  for (const Index& index : access.indices) {
    text += cascade.rank(index.rank).name;
    if (index.distance > 0) text += fmt::format("-{}", index.distance);
    if (index.tap) text += fmt::format("-{}", cascade.rank(*index.tap).name);
    text += " ";
  }
  return fmt::format("{}]", text);
}

inline std::string text_of(const Cascade& cascade) {
  std::string text;
  for (const Rank& rank : cascade.ranks) text += fmt::format("{}={} ", rank.name, rank.extent.value());
  for (const Operator& op : cascade.operators) {
    text += fmt::format("\n  {}[", op.name);
    for (const RankId rank : cascade.tensor(op.output).ranks) text += cascade.rank(rank).name + " ";
    text += "] =";
    for (const Access& access : op.inputs) text += fmt::format(" {}", text_of(cascade, access));
    if (op.where) {
      text += fmt::format(" where {} <= {}", cascade.rank(op.where->key).name,
                          cascade.rank(op.where->query).name);
    }
  }
  return text;
}

/// Calls `check(dice, cascade, plan, layout)` for the legal ones of that many random plans, and says how many
/// there were.
template <class Check>
int for_legal_plans(std::uint32_t cases, const Check& check) {
  int legal = 0;
  for_all(cases, [&](Dice& dice) {
    const Cascade cascade = random_cascade(dice);
    const Plan plan = RandomPlan{dice, cascade}.run();
    const auto layout = lay_out(cascade, plan);
    if (!layout) return;
    ++legal;
    CAPTURE(text_of(cascade), text_of(cascade, plan));
    check(dice, cascade, plan, *layout);
  });
  return legal;
}

}  // namespace fusescape::test_plans
