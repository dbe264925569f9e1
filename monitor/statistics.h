// The numbers in Dovecot's session statistics.
#pragma once

#include "monitor/process_event.h"
#include "store/model.h"

namespace dovewatch {

// Of the default pop3_logout_format and imap_logout_format of 2.2 to 2.4; what another format does not say in
// the same words has no value. Sources: Dovecot's pop3-settings.c and imap-settings.c.
// pop3's `del=A/B` is deleted/messages up to 2.3, and deleted/bytes from 2.4; the line's function tells
// which.
Statistics parse_statistics(Service service, const LogoutEvent& line);

} // namespace dovewatch
