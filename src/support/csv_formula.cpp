#include "fusescape/support/csv_formula.hpp"

#include <algorithm>

namespace fusescape {
namespace {

constexpr std::string_view kBeginnings = "=+-@\t\r";

/// A sign, digits and a point: no spreadsheet finds anything to run in it.
bool is_signed_number(std::string_view text) {
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return false;
  const std::string_view rest = text.substr(1);
  return !rest.empty() && rest.find_first_not_of("0123456789.") == std::string_view::npos &&
         rest.find_first_of("0123456789") != std::string_view::npos;
}

/// Apostrophes aside, does it begin as a formula?
bool begins_formula(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of('\''), text.size()));
  return !text.empty() && kBeginnings.find(text.front()) != std::string_view::npos;
}

}  // namespace

std::string without_formula(std::string_view text) {
  const bool runs = begins_formula(text) && !is_signed_number(text);
  std::string cell(runs ? 1 : 0, '\'');
  cell += text;
  return cell;
}

std::string_view with_formula(std::string_view cell) {
  if (!cell.empty() && cell.front() == '\'' && begins_formula(cell)) cell.remove_prefix(1);
  return cell;
}

}  // namespace fusescape
