// How large a user's mailbox is, as the configuration's mail-location tells where it lies.
#pragma once

#include "exporters/table/mailbox_counter.h"

#include <string>

#include <boost/program_options.hpp>

namespace dovewatch::terminal {

// Waits for 2 s at most. The size is unknown, with the cause, where nothing is configured or it cannot be
// counted.
table::MailboxSize mailbox_of(const std::string& user, const boost::program_options::variables_map& settings);

} // namespace dovewatch::terminal
