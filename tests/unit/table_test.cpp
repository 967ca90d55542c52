#include <catch2/catch.hpp>

#include "fusescape/report/document.hpp"

namespace fusescape::table_test {
namespace {

Table mixed_table() {
  return table_of(
      {{{"name", std::string{"a,\"b\""}}, {"bytes", std::int64_t{6'574'336}}, {"share", 0.1}, {"ok", true}},
       {{"name", std::string{"plain"}}, {"bytes", Value{}}, {"share", 1e-7}, {"ok", false}}});
}

TEST_CASE("CSV quotes what RFC 4180 says and leaves unknown numbers empty") {
  CHECK(csv(mixed_table()) ==
        "name,bytes,share,ok\n"
        "\"a,\"\"b\"\"\",6574336,0.1,true\n"
        "plain,,1e-07,false\n");
}

TEST_CASE("JSON rows are objects with null for unknown numbers") {
  CHECK(json(document_of(mixed_table())) ==
        "[\n"
        "  {\n    \"name\": \"a,\\\"b\\\"\",\n    \"bytes\": 6574336,\n    \"share\": 0.1,\n    \"ok\": "
        "true\n  },\n"
        "  {\n    \"name\": \"plain\",\n    \"bytes\": null,\n    \"share\": 1e-07,\n    \"ok\": false\n  }\n"
        "]\n");
}

TEST_CASE("Text aligns words left and numbers right, and shows unknown numbers as n/a") {
  CHECK(text(mixed_table(), {}) ==
        "name       bytes      share  ok\n"
        "a,\"b\"  6,574,336        0.1  yes\n"
        "plain        n/a  1.000e-07  no\n");
}

TEST_CASE("Columns of UTF-8 text line up by characters, not bytes") {
  const Table table{
      .columns = {"w", "n"},
      .rows = {{std::string{"\xc3\xa4"}, std::int64_t{1}}, {std::string{"ab"}, std::int64_t{2}}}};
  CHECK(text(table, {}) == "w   n\n\xc3\xa4   1\nab  2\n");
}

TEST_CASE("Escape sequences appear only where colour is allowed") {
  CHECK(bold("x", {.colour = false}) == "x");
  CHECK(bold("x", {.colour = true}) == "\x1b[1mx\x1b[0m");
}

TEST_CASE("Markdown puts figures to the right, signed and unknown ones among them, and words to the left") {
  const auto rule_of = [](const std::vector<std::string>& cells) {
    Table table{.columns = {"a"}, .rows = {}};
    for (const std::string& cell : cells) table.rows.push_back({cell});
    const std::string shown = markdown(document_of(table));
    const std::size_t begin = shown.find('\n') + 1;
    return shown.substr(begin, shown.find('\n', begin) - begin);
  };
  CHECK(rule_of({"1.78x", "12.5%"}) == "|--:|");
  CHECK(rule_of({"1.78x", "n/a", " 0.50x"}) == "|--:|");
  CHECK(rule_of({"-0.4%", "+2.1%", "-1,234"}) == "|--:|");
  CHECK(rule_of({"n/a"}) == "|:--|");
  CHECK(rule_of({"1.78x", "none"}) == "|:--|");
  CHECK(rule_of({"-", "+", "%"}) == "|:--|");
  CHECK(rule_of({"64x128"}) == "|:--|");
}

TEST_CASE("Thousands are separated in groups of three from the right") {
  CHECK(with_thousands(0) == "0");
  CHECK(with_thousands(999) == "999");
  CHECK(with_thousands(1000) == "1,000");
  CHECK(with_thousands(-123456) == "-123,456");
  CHECK(with_thousands(1'234'567) == "1,234,567");
}

TEST_CASE("Short byte counts use binary units") {
  CHECK(short_bytes(9999) == "9,999 B");
  CHECK(short_bytes(10 * 1024) == "10.0 KiB");
  CHECK(short_bytes(6'574'336) == "6.27 MiB");  // 6574336 / 1048576 = 6.2698
  CHECK(short_bytes(std::int64_t{5} << 30U) == "5.00 GiB");
}

}  // namespace
}  // namespace fusescape::table_test
