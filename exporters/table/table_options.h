// What the configuration says of the table.
#pragma once

#include "store/model.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace dovewatch {

enum class TableFormat : std::uint8_t { tsv, csv, json };

struct TableOptions {
    std::filesystem::path file;
    TableFormat format = TableFormat::tsv;
    mode_t mode = 0644;
    std::string host; // empty: this host's name

    std::chrono::seconds interval{60};       // written at the latest after it
    std::chrono::milliseconds min_gap{1000}; // and not before it, whatever changes

    std::vector<Service> services{Service::imap, Service::pop3}; // a session of one makes a user active
    std::chrono::seconds active_window{600}; // that a POP3 user stays active after the last session

    std::string mail_location; // as LocationTemplate takes it; empty: nothing is counted
    std::string home;          // the template of %h
    bool subfolders = false;
    std::chrono::seconds max_count_age{24 * 3600}; // counted again after it without a session too
    std::uint32_t files_per_second = 20'000;
    std::chrono::seconds time_limit{60}; // for counting one mailbox
};

} // namespace dovewatch
