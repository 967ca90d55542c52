// What do the parts of the group compiler share? Where nodes and operators of a group are, in its program.
#pragma once

#include <vector>

#include "program.hpp"

namespace fusescape {

struct GroupMap {
  NodeId group = kRoot;
  std::vector<std::vector<int>> path;  ///< Per node of the plan: loops down to and including it.
  std::vector<int> first_tile;         ///< Per node: tiles below it are [first_tile, end_tile).
  std::vector<int> end_tile;
  std::vector<int> tile_of;     ///< Per operator; -1: not in this group.
  std::vector<NodeId> leaf_of;  ///< Per operator of the group.

  [[nodiscard]] const std::vector<int>& path_of(NodeId node) const { return path[index_of(node)]; }
};

/// `access` within the iterations of `path`.
[[nodiscard]] SlabSpec slab_spec(const Cascade& cascade, const GroupProgram& program,
                                 const std::vector<int>& path, Slab slab, Bytes granule);

/// Fills program.buffers and the tiles' touches.
void compile_buffers(const SimContext& context, const GroupMap& map, GroupProgram& program);

/// Fills program.edges and program.spills.
void compile_edges(const SimContext& context, const GroupMap& map, GroupProgram& program);

}  // namespace fusescape
