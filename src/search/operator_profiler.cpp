#include "operator_profiler.hpp"

#include <algorithm>

#include "fusescape/workload/resident.hpp"
#include "group_trials.hpp"

namespace fusescape {
namespace {

/// Ascending, each once.
template <class Id>
void sort_out(std::vector<Id>& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

template <class Id>
Id position_of(const std::vector<Id>& ids, Id id) {
  return Id{static_cast<std::uint16_t>(std::lower_bound(ids.begin(), ids.end(), id) - ids.begin())};
}

}  // namespace

/// Ranks and tensors stay in their order, on which that of buffers and of tile classes depends.
OperatorProfiler::OperatorProfiler(const Planner& planner, OpId op) : planner_{planner}, op_{op} {
  const Cascade& whole = planner.cascade();
  const Operator& of = whole.op(op);
  tensors_.push_back(of.output);
  for (const Access& input : of.inputs) {
    tensors_.push_back(input.tensor);
    for (const Index& index : input.indices) {
      ranks_.push_back(index.rank);
      if (index.tap) ranks_.push_back(*index.tap);
      if (index.chunk) ranks_.push_back(*index.chunk);
    }
  }
  ranks_.insert(ranks_.end(), of.ranks.begin(), of.ranks.end());
  for (const TensorId tensor : tensors_) {
    const std::vector<RankId>& ranks = whole.tensor(tensor).ranks;
    ranks_.insert(ranks_.end(), ranks.begin(), ranks.end());
  }
  sort_out(ranks_);
  sort_out(tensors_);
  apart_ = add_operator();
}

/// False if it reads its own results, or if where its tensors live depends on other operators.
bool OperatorProfiler::add_operator() {
  const Cascade& whole = planner_.cascade();
  const auto own_ranks = [&](std::vector<RankId> ranks) {
    for (RankId& rank : ranks) rank = position_of(ranks_, rank);
    return ranks;
  };
  for (const RankId rank : ranks_) cascade_.ranks.push_back({{}, whole.extent(rank)});
  for (const TensorId id : tensors_) {
    Tensor& tensor = cascade_.tensors.emplace_back(whole.tensor(id));
    tensor.ranks = own_ranks(std::move(tensor.ranks));
  }
  Operator& op = cascade_.operators.emplace_back(whole.op(op_));
  op.where.reset();  // Which points count costs nothing.
  op.output = position_of(tensors_, op.output);
  op.ranks = own_ranks(std::move(op.ranks));
  op.reduction_ranks = own_ranks(std::move(op.reduction_ranks));
  cascade_.producer.resize(tensors_.size());
  cascade_.producer[index_of(op.output)] = OpId{0};
  cascade_.uses.resize(tensors_.size());
  cascade_.recurrence_of.resize(1);
  for (std::size_t i = 0; i < op.inputs.size(); ++i) {
    Access& input = op.inputs[i];
    input.tensor = position_of(tensors_, input.tensor);
    if (input.tensor == op.output) return false;
    cascade_.uses[index_of(input.tensor)].push_back({OpId{0}, static_cast<int>(i)});
    for (Index& index : input.indices) {
      index.rank = position_of(ranks_, index.rank);
      if (index.tap) index.tap = position_of(ranks_, *index.tap);
      if (index.chunk) index.chunk = position_of(ranks_, *index.chunk);
    }
  }
  SpatialMapping mapping = planner_.spatial()[index_of(op_)];
  for (std::vector<RankId>* ranks : {&mapping.cores, &mapping.rows, &mapping.cols, &mapping.flat}) {
    *ranks = own_ranks(std::move(*ranks));
  }
  plan_.spatial.push_back(std::move(mapping));
  return std::all_of(tensors_.begin(), tensors_.end(), [&](TensorId tensor) {
    return is_resident(cascade_, position_of(tensors_, tensor)) == is_resident(whole, tensor);
  });
}

const OperatorProfiler::LaidOut& OperatorProfiler::laid_out(const Candidate& nest) const {
  Form form{.loops = {}, .holds_windows = nest.holds_windows};
  for (const LoopSpec& loop : nest.loops) {
    form.loops.emplace_back(loop.rank, loop.tile == 1, loop.tile < cascade_.extent(loop.rank).value());
  }
  const std::lock_guard lock{mutex_};
  const auto [entry, is_new] = laid_out_.try_emplace(std::move(form));
  LaidOut& made = entry->second;
  if (!is_new) return made;
  made.plan = plan_;
  add_group(made.plan, cascade_, nest);
  auto layout = lay_out(cascade_, made.plan, Coverage::kPart);
  if (layout) made.group = std::move(layout->groups.front());
  return made;
}

std::optional<GroupProfile> OperatorProfiler::profile(const Candidate& candidate) const {
  if (!apart_ || !candidate.spilled.empty()) return profile_of(planner_, candidate);
  Candidate own{.loops = candidate.loops, .operators = {OpId{0}}, .holds_windows = candidate.holds_windows};
  for (auto loop = own.loops.begin(); loop != own.loops.end(); ++loop) {
    const RankId rank = position_of(ranks_, loop->rank);
    const auto same = [&](const LoopSpec& outer) { return outer.rank == rank; };
    if (index_of(rank) == ranks_.size() || ranks_[index_of(rank)] != loop->rank ||
        std::any_of(own.loops.begin(), loop, same)) {
      return profile_of(planner_, candidate);
    }
    loop->rank = rank;
  }
  const LaidOut& form = laid_out(own);
  if (!form.group) return std::nullopt;
  Plan plan = form.plan;
  auto tile = own.loops.begin();
  for (Node& node : plan.nodes) {
    if (node.kind == NodeKind::kLoop) node.tile = (tile++)->tile;
  }
  GroupProfile made = profile_group(cascade_, plan, *form.group, planner_.options());
  for (OperatorWork& work : made.work.operators) work.op = op_;
  for (TensorTraffic& traffic : made.tensors) traffic.tensor = tensors_[index_of(traffic.tensor)];
  return made;
}

}  // namespace fusescape
