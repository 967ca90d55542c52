// How is a result printed that a stack has once for each kind of its layers?
#pragma once

#include <string>
#include <vector>

#include "fusescape/report/table.hpp"

namespace fusescape {

/// The result of one kind.
template <class Result>
struct OfKind {
  std::string kind;
  Result result;
};

/// An array of the objects, each with `kind` before its own members. Expects texts of JSON objects.
[[nodiscard]] std::string layers_json(const std::vector<OfKind<std::string>>& objects);

/// The rows of all tables under a column `layer_kind` and all their columns; empty where a table lacks a
/// column.
[[nodiscard]] Table layers_table(const std::vector<OfKind<Table>>& tables);

}  // namespace fusescape
