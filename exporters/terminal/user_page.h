// One user on one page, for the support desk.
#pragma once

#include "exporters/table/mailbox_counter.h"
#include "exporters/terminal/command.h"
#include "exporters/terminal/user_history.h"

namespace dovewatch::terminal {

// Tables for a person.
void put_user_page(const Context& context, const UserHistory& history, const table::MailboxSize& mailbox);

// One row, which holds the lists as rows of its own: for a sink that nests.
void put_user_record(RowSink& sink, const UserHistory& history, const table::MailboxSize& mailbox);

} // namespace dovewatch::terminal
