// Are .npy files read as NumPy wrote them, and broken ones refused with the place?
#include "fusescape/numerics/npy.hpp"

#include <catch2/catch.hpp>
#include <sstream>
#include <vector>

namespace fusescape::npy_test {
namespace {

/// A file whose header is `dictionary` as it stands, and whose data is `data`.
std::string file_of(std::string_view dictionary, std::string_view data, char version = 1) {
  std::string file{"\x93NUMPY", 6};
  file += version;
  file += '\0';
  const std::size_t size = dictionary.size();
  for (int byte = 0; byte < (version == 1 ? 2 : 4); ++byte) {
    file += static_cast<char>((size >> static_cast<unsigned>(8 * byte)) & 0xFFU);
  }
  return file.append(dictionary).append(data);
}

std::string dictionary_of(std::string_view type, std::string_view shape) {
  return "{'descr': '" + std::string{type} + "', 'fortran_order': False, 'shape': " + std::string{shape} +
         ", }\n";
}

expected<std::vector<double>, NpyFault> values_of(const std::string& file) {
  std::istringstream in{file};
  auto reader = NpyReader::open(in);
  if (!reader) return unexpected<NpyFault>{reader.error()};
  std::vector<double> values(static_cast<std::size_t>(reader->header().elements));
  if (const auto fault = reader->read(std::span{values})) return unexpected<NpyFault>{*fault};
  return values;
}

std::string fault_of(const std::string& file) {
  const auto values = values_of(file);
  return values ? "none" : std::to_string(values.error().byte) + ": " + values.error().message;
}

TEST_CASE("Every type is read exactly, in both byte orders") {
  using namespace std::string_literals;
  CHECK(values_of(file_of(dictionary_of("<f2", "(4,)"), "\x00\x3c\x00\xc0\x01\x00\xff\x7b"s)).value() ==
        std::vector<double>{1, -2, 0x1p-24, 65504});
  CHECK(values_of(file_of(dictionary_of("<f4", "(1,)"), "\x00\x00\x20\xc0"s)).value() ==
        std::vector<double>{-2.5});
  CHECK(values_of(file_of(dictionary_of(">f4", "(1,)"), "\xc0\x20\x00\x00"s)).value() ==
        std::vector<double>{-2.5});
  CHECK(values_of(file_of(dictionary_of("<f8", "()"), "\x00\x00\x00\x00\x00\x00\xf0\x3f"s)).value() ==
        std::vector<double>{1});
  CHECK(values_of(file_of(dictionary_of("|i1", "(2,)"), "\xff\x7f"s)).value() ==
        std::vector<double>{-1, 127});
  CHECK(values_of(file_of(dictionary_of("|u1", "(2,)"), "\xff\x7f"s)).value() ==
        std::vector<double>{255, 127});
  CHECK(values_of(file_of(dictionary_of(">i2", "(1,)"), "\xff\xfe"s)).value() == std::vector<double>{-2});
  CHECK(values_of(file_of(dictionary_of("<u4", "(1,)"), "\xff\xff\xff\xff"s)).value() ==
        std::vector<double>{4294967295.0});
}

TEST_CASE("Versions 2 and 3 have a longer length, and spacing and quotes are free") {
  const std::string dictionary = "{ \"shape\":( 1 , 2 ) ,'fortran_order':False,\"descr\":'|u1'}";
  for (const char version : {char{2}, char{3}}) {
    CHECK(values_of(file_of(dictionary, "ab", version)).value() == std::vector<double>{97, 98});
  }
}

TEST_CASE("What is written is read again") {
  const std::vector<double> values{0, -1.5, 3e-300, 7};
  const std::string file =
      npy_header(NpyType::kFloat64, std::vector<std::int64_t>{2, 2}) + npy_bytes(NpyType::kFloat64, values);
  CHECK(values_of(file).value() == values);
  CHECK(npy_header(NpyType::kFloat32, std::vector<std::int64_t>{7}).size() % 64 == 0);
  std::istringstream in{file};
  auto reader = NpyReader::open(in);
  REQUIRE(reader);
  CHECK(reader->header().shape == std::vector<std::int64_t>{2, 2});
  std::vector<double> half(2);
  CHECK_FALSE(reader->read(std::span{half}));
  CHECK_FALSE(reader->read(std::span{half}));
  CHECK(half == std::vector<double>{3e-300, 7});
  reader->rewind();
  CHECK_FALSE(reader->read(std::span{half}));
  CHECK(half == std::vector<double>{0, -1.5});
}

TEST_CASE("Broken files are refused with the byte and the reason") {
  CHECK(fault_of("") == "0: truncated: the file ends inside the header");
  CHECK(fault_of("PK\x03\x04 a zip file") == "0: this is no .npy file: it does not start with \\x93NUMPY");
  CHECK(fault_of(file_of("{}", "", 4)) == "6: version 4.0; expected 1.0, 2.0 or 3.0");
  CHECK(fault_of(file_of(dictionary_of("<c8", "(1,)"), "12345678")) ==
        "20: type: '<c8'; expected one of f2, f4, f8, i1, i2, i4, u1, u2, u4");
  CHECK(fault_of(file_of("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "1234")) ==
        "20: type: a structured array; expected plain numbers");
  CHECK(fault_of(file_of("{'descr': '<f4', 'fortran_order': True, 'shape': (1,)}", "1234")) ==
        "44: order: Fortran order; expected C order (numpy.ascontiguousarray makes it so)");
  CHECK(fault_of(file_of(dictionary_of("<f4", "(3, 0)"), "")) == "60: shape: (3, 0) has no elements");
  CHECK(fault_of(file_of(dictionary_of("<f4", "(-3,)"), "")) == "61: shape: a negative dimension");
  CHECK(fault_of(file_of(dictionary_of("<f4", "(99999999999999999999,)"), "")) ==
        "61: shape: a dimension beyond 2^63");
  CHECK(fault_of(file_of(dictionary_of("<f4", "(9999999999, 9999999999)"), "")) ==
        "60: shape: more than 2^63 elements");
  CHECK(fault_of(file_of("{'descr': '<f4', 'shape': (1,)}", "1234")) ==
        "10: header: it must have 'descr', 'fortran_order' and 'shape'");
  CHECK(fault_of(file_of("{'descr': '<f4', 'descr': '<f4'}", "")) == "27: header: 'descr' is given twice");
  CHECK(fault_of(file_of("{'colour': 3}", "")) == "11: header: unknown key 'colour'");
}

TEST_CASE(
    "A file that is too short, too long or claims 10^12 elements is refused before anything is allocated") {
  const std::string header = file_of(dictionary_of("<f4", "(3,)"), "");
  const auto size = std::to_string(header.size());
  CHECK(fault_of(header + "12345678") ==
        std::to_string(header.size() + 8) +
            ": truncated: 3 elements of f4 fill 12 bytes, and 8 follow the header");
  CHECK(fault_of(header + "1234567812345678") ==
        std::to_string(header.size() + 12) +
            ": bytes after the last element: 3 elements of f4 fill 12 bytes, and 16 follow the header");
  CHECK(
      fault_of(file_of(dictionary_of("<f4", "(1000000000000,)"), "1234"))
          .find(
              "truncated: 1000000000000 elements of f4 fill 4000000000000 bytes, and 4 follow the header") !=
      std::string::npos);
}

TEST_CASE("NaN and infinity are refused with the element's place") {
  using namespace std::string_literals;
  const std::string header = file_of(dictionary_of("<f4", "(2, 2)"), "");
  const std::string one = "\x00\x00\x80\x3f"s;
  CHECK(fault_of(header + one + one + one + "\x00\x00\xc0\x7f"s) ==
        std::to_string(header.size() + 12) + ": element [1, 1] is NaN");
  CHECK(fault_of(header + one + "\x00\x00\x80\xff"s + one + one) ==
        std::to_string(header.size() + 4) + ": element [0, 1] is infinite");
}

}  // namespace
}  // namespace fusescape::npy_test
