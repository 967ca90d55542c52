// Does running every loop of a plan read only final elements?
#pragma once

#include <map>
#include <vector>

#include "fusescape/plan/iteration.hpp"
#include "plans.hpp"

namespace fusescape::test_plans {

/// Which elements are final? Runs the operators in plan order and says whether any read came too early.
class Dataflow {
 public:
  explicit Dataflow(const Cascade& cascade) : cascade_{cascade}, done_(cascade.tensors.size()) {}

  [[nodiscard]] bool sound() const { return sound_; }

  void run(OpId id, const Bounds& bounds) {
    const Operator& op = cascade_.op(id);
    if (op.reduction_ranks.empty() && reads_itself(op)) return;  // A scan orders itself.
    for (const Access& input : op.inputs) {
      const auto& producer = cascade_.producer[index_of(input.tensor)];
      if (!producer) continue;
      const std::int64_t whole = terms(cascade_.op(*producer), nullptr);
      for_each(box_of(cascade_, input, bounds, false), [&](const std::vector<std::int64_t>& at) {
        if (done_[index_of(input.tensor)][at] != whole) sound_ = false;
      });
    }
    Access output{op.output, {}};
    for (const RankId rank : cascade_.tensor(op.output).ranks) output.indices.push_back({.rank = rank});
    const std::int64_t whole = terms(op, nullptr);
    for_each(box_of(cascade_, output, bounds, false), [&](const std::vector<std::int64_t>& at) {
      std::int64_t& done = done_[index_of(op.output)][at];
      if (done == whole) done = 0;  // It is computed again.
      done += terms(op, &bounds);
    });
  }

 private:
  static bool reads_itself(const Operator& op) {
    return std::any_of(op.inputs.begin(), op.inputs.end(),
                       [&](const Access& a) { return a.tensor == op.output; });
  }

  /// Terms of a sum: of all, or those within `bounds`.
  [[nodiscard]] std::int64_t terms(const Operator& op, const Bounds* bounds) const {
    std::int64_t all = 1;
    for (const RankId rank : op.reduction_ranks) {
      all *= bounds != nullptr ? bounds->extent[index_of(rank)] : cascade_.extent(rank).value();
    }
    return all;
  }

  template <class Visit>
  static void for_each(const Box& box, const Visit& visit) {
    if (volume(box) == 0) return;
    std::vector<std::int64_t> at;
    for (const Range& range : box) at.push_back(range.first);
    for (;;) {
      visit(at);
      std::size_t i = 0;
      for (; i < box.size() && ++at[i] == box[i].second; ++i) at[i] = box[i].first;
      if (i == box.size()) return;
    }
  }

  const Cascade& cascade_;
  std::vector<std::map<std::vector<std::int64_t>, std::int64_t>> done_;
  bool sound_ = true;
};

inline bool reads_only_final_values(const Cascade& cascade, const Plan& plan) {
  Dataflow dataflow{cascade};
  Iteration iteration{cascade, plan};
  iteration.run([&](NodeId leaf, const Bounds& bounds) { dataflow.run(plan.node(leaf).op, bounds); });
  return dataflow.sound();
}

}  // namespace fusescape::test_plans
