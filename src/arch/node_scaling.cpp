#include "fusescape/arch/node_scaling.hpp"

#include <algorithm>
#include <array>

namespace fusescape {
namespace {

/// Area and energy of one gate relative to 28 nm. Above 28 nm the source gives the factor from that node to
/// 28.
struct NodeScale {
  std::int64_t node_nm;
  double area;
  double energy;
};
constexpr std::int64_t kHubNm = 28;
constexpr std::array kScales{NodeScale{45, 1.0 / 0.3767, 1.0 / 0.513},
                             NodeScale{40, 1.0 / 0.547, 1.0 / 0.591}, NodeScale{kHubNm, 1.0, 1.0},
                             NodeScale{16, 0.570, 0.338}, NodeScale{7, 0.180, 0.184}};

struct Bitcell {
  std::int64_t node_nm;
  double um2;
};
constexpr std::array kBitcells{Bitcell{28, 0.127}, Bitcell{16, 0.074}, Bitcell{7, 0.027}, Bitcell{5, 0.021}};

template <class Table>
auto find_node(const Table& table, std::int64_t node_nm) {
  return std::find_if(table.begin(), table.end(),
                      [node_nm](const auto& entry) { return entry.node_nm == node_nm; });
}

}  // namespace

std::optional<NodeFactor> node_factor(std::int64_t from_nm, std::int64_t to_nm) {
  const auto* const from = find_node(kScales, from_nm);
  const auto* const to = find_node(kScales, to_nm);
  if (from == kScales.end() || to == kScales.end()) return std::nullopt;
  if (from == to) return NodeFactor{};
  // The published factors go from older nodes to 28 nm and from there to newer ones.
  const bool published = (to_nm == kHubNm && from_nm > to_nm) || (from_nm == kHubNm && from_nm > to_nm);
  return NodeFactor{.area = to->area / from->area,
                    .energy = to->energy / from->energy,
                    .label = published ? Label::kPublished : Label::kModelled,
                    .interpolated = true};
}

std::optional<SquareMm> bitcell_area_per_mib(std::int64_t node_nm) {
  const auto* const cell = find_node(kBitcells, node_nm);
  if (cell == kBitcells.end()) return std::nullopt;
  constexpr double kBitsPerMib = 8.0 * 1024.0 * 1024.0;
  constexpr double kSquareMmPerSquareUm = 1e-6;
  return SquareMm{cell->um2 * kBitsPerMib * kSquareMmPerSquareUm};
}

}  // namespace fusescape
