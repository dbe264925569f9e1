#include "exporters/table/mailbox_counter.h"

#include "exporters/table/tally.h"

namespace dovewatch::table {
namespace {

Result<void> count(Tally& tally, const MailLocation& location) {
    switch (location.format) {
    case MailFormat::maildir:
        return count_maildir(tally, location);
    case MailFormat::mbox:
        return count_mbox(tally, location);
    case MailFormat::sdbox:
        return count_sdbox(tally, location);
    case MailFormat::mdbox:
        break;
    }
    return count_mdbox(tally, location);
}

} // namespace

MailboxSize count_mailbox(const MailFolders& folders, const MailLocation& location, const GoOn& go_on) {
    Tally tally(folders, go_on);
    if (const auto counted = tally.step().and_then([&] { return count(tally, location); }); !counted) {
        return {{}, {}, counted.error().message};
    }
    if (location.format == MailFormat::mdbox) {
        return {{}, tally.bytes(), "mdbox keeps the number of messages in its index"};
    }
    return {tally.messages(), tally.bytes(), {}};
}

} // namespace dovewatch::table
