#include "fusescape/search/nest_bounds.hpp"

#include <algorithm>

namespace fusescape {
namespace {

/// How the nest goes over one operand, or over the output.
struct Traversal {
  Elements whole{1};     ///< Of the tensor's part that is touched.
  Elements tile{1};      ///< Of it, in the first tile.
  Elements last{1};      ///< Of it, in the last tile.
  Elements passes{1};    ///< Times that all of it goes through the buffer.
  Elements finished{1};  ///< Likewise, without loops over reduction ranks.
  bool moves = false;    ///< More than one slab takes turns in the buffer.
};

/// Whether two dimensions share a rank, so that the tiles touch a part of their product only.
bool is_diagonal(const Access& access) {
  const auto& indices = access.indices;
  return std::any_of(indices.begin(), indices.end(), [&](const Index& index) {
    return std::any_of(indices.begin(), indices.end(),
                       [&](const Index& other) { return &other != &index && other.rank == index.rank; });
  });
}

class NestBounder {
 public:
  NestBounder(const Cascade& cascade, const ProfileOptions& options, const Operator& op,
              const std::vector<LoopSpec>& loops)
      : cascade_{cascade}, options_{options}, op_{op}, loops_{loops} {}

  NestBounds run() {
    for (auto input = op_.inputs.begin(); input != op_.inputs.end(); ++input) {
      if (input->tensor == op_.output) return {};
      const bool known_part = !is_shifted(*input) && !is_diagonal(*input);
      if (known_part && std::find(op_.inputs.begin(), input, *input) == input) add_input(*input);
    }
    add_output();
    return {known(bounds_.moved), known(bounds_.held), known(bounds_.ends)};
  }

 private:
  static Bytes known(Bytes bytes) { return bytes.overflow() ? Bytes{} : bytes; }

  [[nodiscard]] int slots(const Traversal& traversal) const {
    return traversal.moves && options_.double_buffering && options_.count_second_slots ? 2 : 1;
  }

  template <class Ranks, class RankOf>
  [[nodiscard]] Traversal traversal_of(const Ranks& dimensions, const RankOf& rank_of) const {
    Traversal traversal;
    for (const auto& dimension : dimensions)
      traversal.whole = traversal.whole * cascade_.extent(rank_of(dimension));
    Elements outer{1};
    Elements outer_finished{1};
    for (const LoopSpec& loop : loops_) {
      const std::int64_t extent = cascade_.extent(loop.rank).value();
      if (loop.tile >= extent) continue;
      const bool own = std::any_of(dimensions.begin(), dimensions.end(),
                                   [&](const auto& dimension) { return rank_of(dimension) == loop.rank; });
      if (own) {  // Loops outside it bring all of it again.
        traversal.moves = true;
        traversal.passes = outer;
        traversal.finished = outer_finished;
        continue;
      }
      const std::int64_t trips = ceil_div(extent, loop.tile);
      outer = outer * trips;
      if (!has_rank(op_.reduction_ranks, loop.rank)) outer_finished = outer_finished * trips;
    }
    for (const auto& dimension : dimensions) set_tiles(rank_of(dimension), traversal);
    return traversal;
  }

  void set_tiles(RankId rank, Traversal& traversal) const {
    const std::int64_t extent = cascade_.extent(rank).value();
    std::int64_t tile = extent;
    for (const LoopSpec& loop : loops_) {
      if (loop.rank == rank) tile = std::min(extent, loop.tile);
    }
    traversal.tile = traversal.tile * tile;
    traversal.last = traversal.last * (extent - (ceil_div(extent, tile) - 1) * tile);
  }

  void add_input(const Access& input) {
    const Traversal traversal = traversal_of(input.indices, [](const Index& index) { return index.rank; });
    const int bits = bits_of(cascade_.tensor(input.tensor).type);
    bounds_.moved += bytes_of(traversal.whole * traversal.passes, bits);
    bounds_.held += bytes_of(traversal.tile, bits) * slots(traversal);
    bounds_.ends += bytes_of(traversal.tile, bits);
  }

  /// Sums that leave unfinished go out and come back in the accumulator's type.
  void add_output() {
    const Tensor& output = cascade_.tensor(op_.output);
    const Traversal traversal = traversal_of(output.ranks, [](RankId rank) { return rank; });
    const bool accumulates = std::any_of(loops_.begin(), loops_.end(), [&](const LoopSpec& loop) {
      return has_rank(op_.reduction_ranks, loop.rank) && Elements{loop.tile} < cascade_.extent(loop.rank);
    });
    const int bits = bits_of(output.type);
    const int sum_bits = bits_of(facts(output.type).accumulator);
    const Bytes unfinished = bytes_of(traversal.whole * (traversal.passes - traversal.finished), sum_bits);
    bounds_.moved += bytes_of(traversal.whole, bits) + unfinished * 2;
    bounds_.held += bytes_of(traversal.tile, accumulates ? sum_bits : bits) * slots(traversal);
    bounds_.ends += bytes_of(traversal.last, bits);
  }

  const Cascade& cascade_;
  const ProfileOptions& options_;
  const Operator& op_;
  const std::vector<LoopSpec>& loops_;
  NestBounds bounds_;
};

}  // namespace

NestBounds nest_bounds(const Cascade& cascade, const ProfileOptions& options, OpId op,
                       const std::vector<LoopSpec>& loops) {
  return NestBounder{cascade, options, cascade.op(op), loops}.run();
}

}  // namespace fusescape
