#include "fusescape/config/access_text.hpp"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace fusescape {
namespace {

unexpected<std::string> because(std::string why) {
  return unexpected<std::string>{std::move(why)};
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::string hint_for(std::string_view word, const Cascade& cascade) {
  return did_you_mean_among(word, cascade.ranks,
                            [](const Rank& rank) { return std::string_view{rank.name}; });
}

Parsed<RankId> parse_rank(std::string_view name, const Cascade& cascade) {
  const auto rank = find_rank(cascade, name);
  if (!rank) return because(fmt::format("unknown rank '{}'{}", name, hint_for(name, cascade)));
  return *rank;
}

/// "L", "L-1", "L-K", "D+5120" or "C*Q".
Parsed<Index> parse_index(std::string_view text, const Cascade& cascade) {
  const std::size_t sign = text.find_first_of("+-*");
  const Parsed<RankId> rank = parse_rank(trimmed(text.substr(0, sign)), cascade);
  if (!rank) return because(rank.error());
  Index index;
  index.rank = *rank;
  if (sign == std::string_view::npos) return index;
  const std::string_view amount = trimmed(text.substr(sign + 1));
  if (text[sign] == '*') {
    const Parsed<RankId> inner = parse_rank(amount, cascade);
    if (!inner) return because(inner.error());
    index.chunk = std::exchange(index.rank, *inner);
    return index;
  }
  const bool minus = text[sign] == '-';
  if (minus) index.tap = find_rank(cascade, amount);
  if (index.tap == index.rank) return because(fmt::format("'{}' taps a rank with itself", text));
  if (index.tap) return index;
  const auto number = parse_integer(amount, 1, std::numeric_limits<std::int32_t>::max());
  if (!number) {
    const std::string why =
        minus ? fmt::format("'{}' is neither a rank nor a distance from 1", amount) : number.error();
    return because(fmt::format("in '{}', {}", text, why));
  }
  (minus ? index.distance : index.offset) = *number;
  return index;
}

Access whole(TensorId tensor, const Cascade& cascade) {
  Access access{tensor, {}};
  for (const RankId rank : cascade.tensor(tensor).ranks) {
    Index index;
    index.rank = rank;
    access.indices.push_back(index);
  }
  return access;
}

}  // namespace

Parsed<Access> parse_access(std::string_view text, const Cascade& cascade) {
  const std::size_t bracket = text.find('[');
  const std::string_view name = trimmed(text.substr(0, bracket));
  const auto tensor = find_tensor(cascade, name);
  if (!tensor) {
    const std::string hint =
        did_you_mean_among(name, cascade.tensors, [](const Tensor& t) { return std::string_view{t.name}; });
    return because(fmt::format("unknown tensor '{}'{}", name, hint));
  }
  if (bracket == std::string_view::npos) return whole(*tensor, cascade);
  std::string_view rest = trimmed(text.substr(bracket + 1));
  if (rest.empty() || rest.back() != ']') return because(fmt::format("'{}' lacks its closing ']'", text));
  rest.remove_suffix(1);
  Access access{*tensor, {}};
  for (bool more = true; more;) {
    const std::size_t comma = rest.find(',');
    const Parsed<Index> index = parse_index(trimmed(rest.substr(0, comma)), cascade);
    if (!index) return because(index.error());
    access.indices.push_back(*index);
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);
  }
  const std::size_t width = cascade.tensor(*tensor).ranks.size();
  if (access.indices.size() != width) {
    return because(
        fmt::format("'{}' has {} indices, but {} has {} ranks", text, access.indices.size(), name, width));
  }
  return access;
}

Parsed<CausalPairs> parse_pairs(std::string_view text, const Cascade& cascade) {
  const std::size_t sign = text.find("<=");
  if (sign == std::string_view::npos || text.find_first_of("<>=", sign + 2) != std::string_view::npos)
    return because(fmt::format("'{}' is no pair of ranks such as 'M <= L'", text));
  const Parsed<RankId> key = parse_rank(trimmed(text.substr(0, sign)), cascade);
  if (!key) return because(key.error());
  const Parsed<RankId> query = parse_rank(trimmed(text.substr(sign + 2)), cascade);
  if (!query) return because(query.error());
  return CausalPairs{.key = *key, .query = *query};
}

}  // namespace fusescape
