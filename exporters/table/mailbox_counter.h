// How many messages a user has, and how many bytes, as the files of the mail store tell.
#pragma once

#include "exporters/table/mail_folders.h"
#include "exporters/table/mail_location.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace dovewatch::table {

// No value: unknown, and `cause` says why (with names that the user chose: any bytes). Never half a count.
struct MailboxSize {
    std::optional<std::int64_t> files; // messages
    std::optional<std::int64_t> bytes;
    std::string cause;
};

// Called before each store, file, and 64 KiB of an mbox; may wait. False: the count is given up.
using GoOn = std::function<bool()>;

// Maildir: the files in new and cur, but those whose names begin with a dot; their sizes are those in the
// names (,S=) or else of the files; with subfolders also in each folder .NAME that has a cur (Maildir++).
// mbox: lines "From " at the beginning and after empty lines, and the size of the file; the INBOX alone.
// sdbox: u.NUMBER in mailboxes/INBOX/dbox-Mails, with subfolders in all mailboxes.
// mdbox: the bytes of storage/m.NUMBER; the messages stay unknown, because they stand in its index.
// (Source: doc.dovecot.org, "Mailbox formats".)
// A file that vanishes is not there. A symbolic link is never followed nor counted. A store that is not
// there, or is not readable in any part, is unknown.
MailboxSize count_mailbox(const MailFolders& folders, const MailLocation& location, const GoOn& go_on);

// The size in a Maildir file name: ",S=1234" before its flags. No value where there is none.
std::optional<std::int64_t> size_in_name(std::string_view name);

} // namespace dovewatch::table
