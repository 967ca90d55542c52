#include "sizing.hpp"

#include <algorithm>
#include <map>

#include "fusescape/support/contract.hpp"

namespace fusescape {
namespace {

/// What a run has shown about one buffer.
struct Seen {
  std::int64_t largest = 0;  ///< Elements of the largest slab.
  std::vector<std::int64_t> widths;
  bool moves = false;           ///< Slabs took turns.
  bool unfinished = false;      ///< It held incomplete sums after some tile.
  std::optional<NodeId> lasts;  ///< Outermost node whose iterations found what the one before had left.
  std::optional<SlabKey> key;
  std::vector<std::int64_t> entered;  ///< Of the nodes above and of its own, at the last visit.
};

class GroupSizes {
 public:
  GroupSizes(const Cascade& cascade, const Plan& plan, const GroupLayout& group, const ExecOptions& options)
      : cascade_{cascade}, plan_{plan}, group_{group}, options_{options}, seen_(group.buffers.size()) {
    for (const Buffer& buffer : group.buffers) paths_.push_back(path_to(buffer.node));
  }

  void run(const Iteration& at, OpId op, const Bounds& inner);
  [[nodiscard]] std::vector<Allotment> result() const;

 private:
  [[nodiscard]] std::vector<NodeId> path_to(NodeId node) const;
  [[nodiscard]] bool is_needed_again(const Buffer& buffer, NodeId loop) const;
  void visit(std::size_t i, const Iteration& at);
  void size_up(std::size_t i, const Bounds& bounds);
  [[nodiscard]] bool leaves_sums_open(const Buffer& buffer, const Bounds& inner) const;
  [[nodiscard]] bool filled_directly(const Buffer& carried) const;
  [[nodiscard]] Allotment allocation(std::size_t i) const;
  [[nodiscard]] int slots(const Buffer& buffer, const Seen& seen) const;

  const Cascade& cascade_;
  const Plan& plan_;
  const GroupLayout& group_;
  const ExecOptions& options_;
  std::vector<std::vector<NodeId>> paths_;  ///< Per buffer: the nodes from the group to its own.
  std::vector<Seen> seen_;
};

std::vector<NodeId> GroupSizes::path_to(NodeId node) const {
  std::vector<NodeId> path{node};
  while (path.back() != group_.node) path.push_back(plan_.node(path.back()).parent);
  std::reverse(path.begin(), path.end());
  return path;
}

/// Whether an iteration of `loop` needs what the one before left: fetched elements, and incomplete sums.
bool GroupSizes::is_needed_again(const Buffer& buffer, NodeId loop) const {
  if (buffer.role == BufferRole::kFetched) return true;
  return has_rank(cascade_.op(*buffer.producer).reduction_ranks, plan_.node(loop).rank);
}

/// Notes whether the slab that is needed now is still there from an earlier iteration.
void GroupSizes::visit(std::size_t i, const Iteration& at) {
  const Buffer& buffer = group_.buffers[i];
  Seen& seen = seen_[i];
  SlabKey key = slab_key(buffer, at.bounds_at(buffer.node));
  std::vector<std::int64_t> entered;
  for (const NodeId node : paths_[i]) entered.push_back(at.entered(node));
  const bool again = seen.key && entered != seen.entered;
  if (again) {
    const bool same = key == *seen.key;
    const bool tiles_on = !same && continues_window(buffer, at.bounds_at(buffer.node));
    const auto changed = std::mismatch(entered.begin(), entered.end(), seen.entered.begin()).first;
    const NodeId outermost = paths_[i][static_cast<std::size_t>(changed - entered.begin())];
    const bool further_out = !seen.lasts || is_above(plan_, outermost, *seen.lasts);
    if (((same && is_needed_again(buffer, outermost)) || tiles_on) && further_out) seen.lasts = outermost;
    seen.moves = seen.moves || !same;
  }
  seen.key = std::move(key);
  seen.entered = std::move(entered);
}

void GroupSizes::size_up(std::size_t i, const Bounds& bounds) {
  const Box box = slab_box(cascade_, group_.buffers[i], bounds);
  Seen& seen = seen_[i];
  seen.largest = std::max(seen.largest, volume(box));
  seen.widths.resize(box.size(), 1);
  for (std::size_t d = 0; d < box.size(); ++d) {
    seen.widths[d] = std::max(seen.widths[d], box[d].second - box[d].first);
  }
}

/// Whether a tile of its producer ends with sums that further tiles will go on with.
bool GroupSizes::leaves_sums_open(const Buffer& buffer, const Bounds& inner) const {
  const std::vector<RankId>& summed = cascade_.op(*buffer.producer).reduction_ranks;
  return std::any_of(summed.begin(), summed.end(), [&](RankId rank) {
    return inner.extent[index_of(rank)] < cascade_.extent(rank).value();
  });
}

/// Whether new values of a carried tensor have no other buffer to be made in.
bool GroupSizes::filled_directly(const Buffer& carried) const {
  return std::none_of(group_.buffers.begin(), group_.buffers.end(), [&](const Buffer& other) {
    return other.tensor == carried.tensor && other.role != BufferRole::kCarried && other.producer;
  });
}

void GroupSizes::run(const Iteration& at, OpId op, const Bounds& inner) {
  for (std::size_t i = 0; i < seen_.size(); ++i) {
    const Buffer& buffer = group_.buffers[i];
    const bool fills = buffer.producer == op;
    const bool reads =
        std::any_of(buffer.uses.begin(), buffer.uses.end(), [&](const Use& use) { return use.op == op; });
    if (!fills && !reads) continue;
    const bool carried = buffer.role == BufferRole::kCarried;
    size_up(i, at.bounds_at(buffer.node));
    if (fills && (!carried || filled_directly(buffer)) && leaves_sums_open(buffer, inner))
      seen_[i].unfinished = true;
    const bool streamed = buffer.role == BufferRole::kFetched || (fills && buffer.stored);
    if (streamed) visit(i, at);
  }
}

int GroupSizes::slots(const Buffer& buffer, const Seen& seen) const {
  const bool streams = buffer.role == BufferRole::kFetched || buffer.role == BufferRole::kProduced;
  const int usual = streams && seen.moves && options_.model.double_buffering ? 2 : 1;
  return options_.model.count_second_slots ? buffer.slots.value_or(usual) : 1;
}

Allotment GroupSizes::allocation(std::size_t i) const {
  const Buffer& buffer = group_.buffers[i];
  const Seen& seen = seen_[i];
  const Tensor& tensor = cascade_.tensor(buffer.tensor);
  const int bits = bits_of(seen.unfinished ? accumulator_of(tensor) : tensor.type);
  Allotment made{.bytes = {},
                 .slots = slots(buffer, seen),
                 .widths = seen.widths,
                 .node = buffer.node,
                 .first_child = buffer.first_child,
                 .last_child = buffer.last_child,
                 .lasting = false,
                 .host = std::nullopt};
  made.bytes = bytes_of(Elements{seen.largest}, bits) * made.slots;
  const bool streams = buffer.role == BufferRole::kFetched || buffer.role == BufferRole::kProduced;
  made.lasting = seen.lasts.has_value() || (streams && made.slots == 2);
  if (seen.lasts) made.node = *seen.lasts;
  const auto& inside = buffer.inside || !options_.model.in_place ? buffer.inside : buffer.inside_if_in_place;
  if (inside) made.host = static_cast<std::size_t>(*inside);
  return made;
}

/// Memory that is shared has room for, and lives as long as, all that lives in it.
std::vector<Allotment> GroupSizes::result() const {
  std::vector<Allotment> all;
  for (std::size_t i = 0; i < seen_.size(); ++i) all.push_back(allocation(i));
  for (Allotment& guest : all) {
    while (guest.host && all[*guest.host].host) guest.host = all[*guest.host].host;
  }
  for (const Allotment& guest : all) {
    if (!guest.host) continue;
    Allotment& host = all[*guest.host];
    host.bytes = std::max(host.bytes, guest.bytes);
    if (host.node != guest.node) continue;  // Further out it lives throughout.
    host.first_child = std::min(host.first_child, guest.first_child);
    host.last_child = std::max(host.last_child, guest.last_child);
  }
  return all;
}

}  // namespace

std::vector<std::vector<Allotment>> allotments(const Cascade& cascade, const Plan& plan, const Layout& layout,
                                               const ExecOptions& options) {
  std::vector<GroupSizes> groups;
  for (const GroupLayout& group : layout.groups) groups.emplace_back(cascade, plan, group, options);
  Iteration iteration{cascade, plan};
  iteration.run([&](NodeId leaf, const Bounds& bounds) {
    for (std::size_t g = 0; g < groups.size(); ++g) {
      if (is_above(plan, layout.groups[g].node, leaf)) groups[g].run(iteration, plan.node(leaf).op, bounds);
    }
  });
  std::vector<std::vector<Allotment>> found;
  found.reserve(groups.size());
  for (const GroupSizes& group : groups) found.push_back(group.result());
  return found;
}

}  // namespace fusescape
