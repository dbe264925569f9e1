// Option values that check what they are given, on the command line and in the configuration file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/program_options.hpp>

namespace dovewatch {

// The value is not what the option takes. `expectation` says what it takes: "must be ...".
class BadValue : public boost::program_options::error_with_option_name {
  public:
    BadValue(const std::string& value, std::string expectation);

    // Without the option's name, for a message that gives the line.
    const std::string& brief() const { return brief_; }

  private:
    std::string brief_;
};

// Whole decimal number from `least` to `most`; as<std::uint32_t>(). `unit` for messages, may be "".
boost::program_options::typed_value<std::uint32_t>* number_value(std::uint32_t least, std::uint32_t most,
                                                                 std::string unit);

// Decimal user ids, separated by commas or blanks; as<std::vector<std::uint32_t>>().
boost::program_options::typed_value<std::vector<std::uint32_t>>* uid_list_value();

// What parse_networks takes; as<std::string>().
boost::program_options::typed_value<std::string>* networks_value();

// What parse_service_class takes; as<std::string>().
boost::program_options::typed_value<std::string>* service_class_value();

// Words of a list, separated by commas or blanks; as<std::vector<std::string>>().
boost::program_options::typed_value<std::vector<std::string>>*
word_list_value(std::vector<std::string> words);

// One of the words; as<std::string>().
boost::program_options::typed_value<std::string>* word_value(std::vector<std::string> words);

// The path of a file, not empty; as<std::string>().
boost::program_options::typed_value<std::string>* file_value();

} // namespace dovewatch
