#include "optimal_group.hpp"

#include <algorithm>

#include "weights.hpp"

namespace fusescape {
namespace {

class GroupWriter {
 public:
  GroupWriter(Plan& plan, const Cascade& cascade, const std::vector<StateUpdate>& updates,
              const FusedGroup& group)
      : plan_{plan}, cascade_{cascade}, updates_{updates}, chained_{group.chained}, step_{group.step} {}

  NodeId add_body(NodeId parent, const Body& body, std::int64_t tile);

 private:
  [[nodiscard]] bool depends(OpId op, const std::vector<OpId>& on) const;
  void add_stepped(NodeId parent, const StateUpdate& update, const std::vector<OpId>& operators);
  void add_run(NodeId parent, const std::vector<OpId>& operators);
  [[nodiscard]] bool chain_together(OpId a, OpId b) const;
  [[nodiscard]] const StateUpdate* update_in(const std::vector<OpId>& operators) const;

  Plan& plan_;
  const Cascade& cascade_;
  const std::vector<StateUpdate>& updates_;
  bool chained_;
  std::int64_t step_;
};

/// Whether `op` reads anything that `on` makes.
bool GroupWriter::depends(OpId op, const std::vector<OpId>& on) const {
  const std::vector<Access>& inputs = cascade_.op(op).inputs;
  return std::any_of(inputs.begin(), inputs.end(), [&](const Access& input) {
    const auto& producer = cascade_.producer[index_of(input.tensor)];
    return producer && holds(on, *producer);
  });
}

/// Neighbours whose values pass from one to the next element by element; sums end a chain.
bool GroupWriter::chain_together(OpId a, OpId b) const {
  const auto elementwise = [&](OpId op) { return class_of(cascade_.op(op).kind) == OpClass::kElementwise; };
  const bool may_end = elementwise(b) || class_of(cascade_.op(b).kind) == OpClass::kContraction;
  return chained_ && elementwise(a) && may_end && same_ranks(cascade_.op(a).ranks, cascade_.op(b).ranks);
}

void GroupWriter::add_run(NodeId parent, const std::vector<OpId>& operators) {
  for (std::size_t begin = 0; begin < operators.size();) {
    std::size_t end = begin + 1;
    while (end < operators.size() && chain_together(operators[end - 1], operators[end])) ++end;
    const NodeId node = end - begin > 1 ? add_chain(plan_, parent) : parent;
    for (; begin < end; ++begin) add_operator(plan_, node, operators[begin]);
  }
}

/// The first recurrence, self-recurrent operators apart, of which some operator is among these.
const StateUpdate* GroupWriter::update_in(const std::vector<OpId>& operators) const {
  const auto found = std::find_if(updates_.begin(), updates_.end(), [&](const StateUpdate& update) {
    return update.recurrence.size() > 1 && holds(operators, update.recurrence.front());
  });
  return found == updates_.end() ? nullptr : &*found;
}

/// The update's operators in a loop of steps; what does not depend on them before it, the rest after.
void GroupWriter::add_stepped(NodeId parent, const StateUpdate& update, const std::vector<OpId>& operators) {
  const std::vector<OpId> roles = operators_of(update);
  std::vector<OpId> before;
  std::vector<OpId> steps;
  std::vector<OpId> after;
  for (const OpId op : operators) {
    if (holds(roles, op)) {
      steps.push_back(op);
    } else if (depends(op, steps) || depends(op, after)) {
      after.push_back(op);
    } else {
      before.push_back(op);
    }
  }
  add_run(parent, before);
  const bool stepped = cascade_.extent(update.tokens) > Elements{1};
  add_run(stepped ? add_loop(plan_, parent, update.tokens, step_) : parent, steps);
  if (const StateUpdate* next = update_in(after)) {
    add_stepped(parent, *next, after);
  } else {
    add_run(parent, after);
  }
}

NodeId GroupWriter::add_body(NodeId parent, const Body& body, std::int64_t tile) {
  const bool loops = body.rank && Elements{tile} < cascade_.extent(*body.rank);
  const NodeId node = loops ? add_loop(plan_, parent, *body.rank, tile) : parent;
  const StateUpdate* update = update_in(body.operators);
  if (update == nullptr) {
    add_run(node, body.operators);
  } else {
    add_stepped(node, *update, body.operators);
  }
  return node;
}

}  // namespace

Weights weights_of(const FusedGroup& group) {
  Weights weights = weights_of(group.profile, group.work);
  if (group.tokens.empty()) return weights;  // Each body has one turn.
  for (const RunProfile& run : group.profile.runs) weights.exposed += run.turns.loads + run.turns.stores;
  return weights;
}

std::vector<NodeId> add_fused_group(Plan& plan, const Cascade& cascade,
                                    const std::vector<StateUpdate>& updates, const FusedGroup& group) {
  NodeId inner = add_sequence(plan, kRoot);
  for (const LoopSpec& loop : group.tokens) inner = add_loop(plan, inner, loop.rank, loop.tile);
  GroupWriter writer{plan, cascade, updates, group};
  std::vector<NodeId> nodes;
  for (std::size_t i = 0; i < group.bodies.size(); ++i) {
    nodes.push_back(writer.add_body(inner, group.bodies[i], group.tiles[i]));
  }
  return nodes;
}

}  // namespace fusescape
