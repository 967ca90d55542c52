#include "slab_shape.hpp"

#include <algorithm>

#include "fusescape/plan/buffer_flow.hpp"

namespace fusescape {
namespace {

class ShapeBuilder {
 public:
  ShapeBuilder(const SlabContext& context, StepSize size)
      : context_{context},
        cascade_{context.cascade},
        plan_{context.plan},
        layout_{context.layout},
        size_{size} {}

  SlabShape run() {
    shape_.leaves.resize(plan_.nodes.size());
    for (std::size_t i = 0; i < layout_.buffers.size(); ++i) {
      add_facts(i);
      add_slots(i);
    }
    add_pieces(layout_.node);
    return std::move(shape_);
  }

 private:
  [[nodiscard]] const Buffer& buffer(std::size_t i) const { return layout_.buffers[i]; }
  [[nodiscard]] std::size_t host_of(std::size_t i) const;
  [[nodiscard]] bool made_at_once(const Buffer& one) const;
  [[nodiscard]] bool reads_made_here(OpId op, const StepPiece& piece) const;
  [[nodiscard]] bool needs_whole(std::size_t i, NodeId leaf, const Access* read) const;
  void add_facts(std::size_t i);
  void add_slots(std::size_t i);
  void add_pieces(NodeId node);
  void add_piece(NodeId parent, const std::vector<NodeId>& leaves);
  void add_leaf(NodeId leaf, bool first);

  const SlabContext& context_;
  const Cascade& cascade_;
  const Plan& plan_;
  const GroupLayout& layout_;
  StepSize size_;
  SlabShape shape_;
};

/// The buffer in whose memory it lives.
std::size_t ShapeBuilder::host_of(std::size_t i) const {
  for (;;) {
    auto host = buffer(i).inside;
    if (!host && context_.machine.model.in_place) host = buffer(i).inside_if_in_place;
    if (!host) return i;
    i = static_cast<std::size_t>(*host);
  }
}

/// True if no loop below its node repeats the producer, and each loop above asks for another slab.
bool ShapeBuilder::made_at_once(const Buffer& one) const {
  NodeId leaf = kRoot;
  for (std::size_t n = 0; n < plan_.nodes.size(); ++n) {
    const Node& node = plan_.nodes[n];
    if (node.kind == NodeKind::kOperator && node.op == *one.producer)
      leaf = NodeId{static_cast<std::uint16_t>(n)};
  }
  const std::vector<PathLoop> above = loops_above(plan_, one.node);
  const auto indexes = [&](const PathLoop& loop) {
    return std::any_of(one.access.indices.begin(), one.access.indices.end(),
                       [&](const Index& index) { return index.rank == loop.rank; });
  };
  return loops_above(plan_, leaf).size() == above.size() && std::all_of(above.begin(), above.end(), indexes);
}

void ShapeBuilder::add_facts(std::size_t i) {
  const Buffer& one = buffer(i);
  const Tensor& tensor = cascade_.tensor(one.tensor);
  BufferFacts facts{.bits = bits_of(tensor.type)};
  facts.dram_bits = facts.bits;
  for (const StorageFormat& format : plan_.formats) {
    if (format.tensor == one.tensor) facts.dram_bits = format.bits;
  }
  facts.wide_bits = bits_of(fusescape::facts(tensor.type).accumulator);
  facts.loaded = tensor.initial == Initial::kLoaded;
  facts.finals = one.role == BufferRole::kCarried && tensor.final_value == Final::kStored;
  for (const Buffer& other : layout_.buffers) {
    if (other.tensor == one.tensor && other.stored) facts.finals = false;
  }
  facts.host = host_of(i);
  facts.at_once = one.producer && made_at_once(one);
  facts.terms = 1;
  if (one.producer) {
    for (const RankId rank : cascade_.op(*one.producer).reduction_ranks)
      facts.terms *= cascade_.extent(rank).value();
  }
  shape_.buffers.push_back(facts);
}

/// Its places in memory, as the closed form has them, and what is loaded beside it.
void ShapeBuilder::add_slots(std::size_t i) {
  const Buffer& one = buffer(i);
  const ProfileOptions options{context_.granule, context_.machine.model.double_buffering,
                               context_.machine.model.count_second_slots, context_.machine.model.in_place};
  const FlowContext context{cascade_, plan_, layout_, options};
  const BufferFlow flow = flow_of(context, one);
  const auto ahead = [](const Stream& stream) { return stream.ahead || !stream.moves; };
  const bool two = std::all_of(flow.loads.begin(), flow.loads.end(), ahead) &&
                   std::all_of(flow.stores.begin(), flow.stores.end(), ahead);
  shape_.slots.push_back(two && one.role != BufferRole::kCarried ? 2 : 1);
  const bool concurrent =
      one.role == BufferRole::kFetched && !plan_.spatial.empty() &&
      plan_.spatial[index_of(one.uses.front().op)].operand_loads == OperandLoads::kConcurrent;
  shape_.load_with.push_back(concurrent ? static_cast<std::uint32_t>(index_of(one.uses.front().op)) + 1 : 0);
}

/// True if `op` fetches what an operator of `piece` stores: then it is no part of it.
bool ShapeBuilder::reads_made_here(OpId op, const StepPiece& piece) const {
  for (const Buffer& one : layout_.buffers) {
    const auto by_op = [&](const Use& use) { return use.op == op; };
    if (one.role != BufferRole::kFetched || std::none_of(one.uses.begin(), one.uses.end(), by_op)) continue;
    const auto makes = [&](OpId maker) { return cascade_.op(maker).output == one.tensor; };
    if (std::any_of(piece.operators.begin(), piece.operators.end(), makes)) return true;
  }
  return false;
}

/// An operator that uses each element of an operand once can take it, or leave its result, piece by piece;
/// but not of a slab that it works on in several tiles.
bool ShapeBuilder::needs_whole(std::size_t i, NodeId leaf, const Access* read) const {
  const Operator& op = cascade_.op(plan_.node(leaf).op);
  const auto in = [](const Access& access, RankId rank) {
    return std::any_of(access.indices.begin(), access.indices.end(),
                       [&](const Index& index) { return index.rank == rank || index.tap == rank; });
  };
  const std::vector<PathLoop> loops = loops_above(plan_, leaf);
  const auto in_tile = [&](RankId rank) {
    std::int64_t extent = cascade_.extent(rank).value();
    for (const PathLoop& loop : loops) extent = loop.rank == rank ? std::min(extent, loop.tile) : extent;
    return extent;
  };
  const bool again = std::any_of(op.ranks.begin(), op.ranks.end(), [&](RankId rank) {
    return in_tile(rank) > 1 && (read != nullptr ? !in(*read, rank) : has_rank(op.reduction_ranks, rank));
  });
  const std::size_t outside = loops_above(plan_, buffer(i).node).size();
  const bool tiled = std::any_of(
      loops.begin() + static_cast<std::ptrdiff_t>(outside), loops.end(), [&](const PathLoop& loop) {
        return in(buffer(i).access, loop.rank) && Elements{loop.tile} < cascade_.extent(loop.rank);
      });
  return again || tiled;
}

void ShapeBuilder::add_leaf(NodeId leaf, bool first) {
  const OpId op = plan_.node(leaf).op;
  LeafFacts facts{.piece = static_cast<std::uint32_t>(shape_.pieces.size()) - 1, .first = first, .op = op};
  for (std::size_t i = 0; i < layout_.buffers.size(); ++i) {
    const auto& uses = buffer(i).uses;
    const auto use = std::find_if(uses.begin(), uses.end(), [&](const Use& one) { return one.op == op; });
    if (use == uses.end()) continue;
    const Access& read = cascade_.op(op).inputs[static_cast<std::size_t>(use->input)];
    facts.touches.push_back({i, false, needs_whole(i, leaf, &read)});
  }
  for (std::size_t i = 0; i < layout_.buffers.size(); ++i) {
    if (buffer(i).producer == op) facts.touches.push_back({i, true, needs_whole(i, leaf, nullptr)});
  }
  shape_.leaves[index_of(leaf)] = std::move(facts);
}

void ShapeBuilder::add_piece(NodeId parent, const std::vector<NodeId>& leaves) {
  StepPiece& piece = shape_.pieces.emplace_back(StepPiece{parent, leaves, {}});
  std::vector<NodeId> operators;
  for (const NodeId leaf : leaves) {
    const Node& node = plan_.node(leaf);
    if (node.kind == NodeKind::kOperator) operators.push_back(leaf);
    operators.insert(operators.end(), node.children.begin(), node.children.end());
  }
  for (const NodeId leaf : operators) piece.operators.push_back(plan_.node(leaf).op);
  for (const NodeId leaf : operators) add_leaf(leaf, leaf == operators.front());
}

void ShapeBuilder::add_pieces(NodeId node) {
  std::vector<NodeId> run;
  const auto end_run = [&] {
    if (!run.empty()) add_piece(node, run);
    run.clear();
  };
  for (const NodeId child : plan_.node(node).children) {
    const NodeKind kind = plan_.node(child).kind;
    const bool leaf = kind == NodeKind::kOperator || kind == NodeKind::kChain;
    StepPiece before;
    for (const NodeId other : run) {
      const std::vector<OpId> below = operators_below(plan_, other);
      before.operators.insert(before.operators.end(), below.begin(), below.end());
    }
    const std::vector<OpId> here = operators_below(plan_, child);
    const bool waits =
        leaf && std::any_of(here.begin(), here.end(), [&](OpId op) { return reads_made_here(op, before); });
    if (!leaf || waits || size_ == StepSize::kOperator) end_run();
    if (leaf) {
      run.push_back(child);
    } else {
      add_pieces(child);
    }
  }
  end_run();
}

}  // namespace

SlabShape slab_shape(const SlabContext& context, StepSize size) {
  return ShapeBuilder{context, size}.run();
}

}  // namespace fusescape
