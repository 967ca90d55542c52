// Which known name may have been meant by an unknown one?
#pragma once

#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fusescape {

/// ASCII letters in lower case.
[[nodiscard]] std::string lower(std::string_view text);

/// "; did you mean 'capacity'?" if one of `known` is near `word`, else nothing. Nearest is what differs in
/// case only, then what other tools call `word` (kSynonyms), then the fewest edits; or else begins with it.
/// Never `word` itself.
[[nodiscard]] std::string did_you_mean(std::string_view word, std::span<const std::string_view> known);

/// Same, for the names of a list of things.
template <class Things, class NameOf>
[[nodiscard]] std::string did_you_mean_among(std::string_view word, const Things& things, NameOf name_of) {
  std::vector<std::string_view> names;
  names.reserve(std::size(things));
  for (const auto& thing : things) names.push_back(name_of(thing));
  return did_you_mean(word, names);
}

}  // namespace fusescape
