// Which buffers does a group need that differs from one laid out before in its tiles alone? The same ones.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "fusescape/plan/layout.hpp"
#include "fusescape/search/planner.hpp"

namespace fusescape {

/// Whether element-wise operators of the plan run as a chain.
[[nodiscard]] bool has_chain(const Plan& plan);

/// Lays out plans of one group each, and those of one form once.
class KnownLayouts {
 public:
  explicit KnownLayouts(const Planner& planner);

  /// The layout of the plan's only group. Null: it breaks a rule, or the hardware cannot do it. Valid until
  /// forget().
  [[nodiscard]] const GroupLayout* of(const Plan& plan);

  /// Drops all that is known.
  void forget() { known_.clear(); }

 private:
  /// Of each node: its kind, its parent, its operator or rank; of a loop its tile, if that is not longer than
  /// any distance, whether it cuts what it finds, and whether it cuts the whole rank.
  using Form = std::vector<std::tuple<NodeKind, NodeId, std::size_t, std::int64_t, bool, bool>>;

  [[nodiscard]] Form form_of(const Plan& plan) const;

  const Planner& planner_;
  std::int64_t longest_ = 1;  ///< The largest distance at which the cascade reads earlier elements.
  std::map<Form, std::optional<GroupLayout>> known_;
};

}  // namespace fusescape
