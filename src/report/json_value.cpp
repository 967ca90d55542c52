#include "json_value.hpp"

#include <algorithm>

#include "fusescape/support/printable.hpp"
#include "fusescape/support/utf8.hpp"

namespace fusescape {

std::string json_text(const nlohmann::ordered_json& value, int indent) {
  std::string dumped = value.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  const auto is_ascii = [](char c) { return c >= ' ' && c <= '~'; };
  if (std::all_of(dumped.begin(), dumped.end(), is_ascii)) return dumped;
  std::string text;
  text.reserve(dumped.size());
  for (std::string_view rest = dumped; !rest.empty();) {
    const std::string_view character = rest.substr(0, std::max<std::size_t>(utf8_length(rest), 1));
    if (character == "\n" || shown_length(rest) > 0) {
      text += character;
    } else {
      text += character == "\x7F" ? "\\u007f" : printable(character);
    }
    rest.remove_prefix(character.size());
  }
  return text;
}

nlohmann::ordered_json json_of(const Data& data) {
  return std::visit(overloaded{[](const Value& value) { return json_value(value); },
                               [](const Record& record) {
                                 auto object = nlohmann::ordered_json::object();
                                 for (const auto& [name, member] : record) object[name] = json_of(member);
                                 return object;
                               },
                               [](const std::vector<Data>& items) {
                                 auto list = nlohmann::ordered_json::array();
                                 for (const Data& item : items) list.push_back(json_of(item));
                                 return list;
                               }},
                    data.content);
}

}  // namespace fusescape
