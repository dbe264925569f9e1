// Where users' mail stores lie, in the words of Dovecot's mail_location.
#pragma once

#include "exporters/table/mail_variables.h"

#include <cstdint>
#include <string>

namespace dovewatch::table {

enum class MailFormat : std::uint8_t { maildir, mbox, sdbox, mdbox };

// One user's mail store. Paths are absolute, without a slash at their end and without `.` and `..`.
struct MailLocation {
    MailFormat format = MailFormat::maildir;
    std::string root;
    std::string inbox; // where it is apart from the root: a Maildir, or an mbox file; for mbox always
    bool subfolders = false;
};

// Immutable; safe to share between threads.
class LocationTemplate {
  public:
    // `mail_location` as Dovecot 2.3 has it: "maildir:~/Maildir", "mbox:~/mail:INBOX=/var/mail/%u",
    // "sdbox:..." or "mdbox:...", variables as in VariableText, `~/` for `%h/`. Keys other than INBOX that do
    // not move messages are passed over; with ALT= the alternative storage is not counted. `home` is %h, such
    // as "/var/vmail/%d/%n"; empty where it is not used. What cannot be counted is a usage error.
    static Result<LocationTemplate> parse(const std::string& mail_location, const std::string& home,
                                          bool subfolders);

    // An error where the user's name would lead out of the template's folders.
    Result<MailLocation> expand(const std::string& user) const;

  private:
    MailFormat format_ = MailFormat::maildir;
    bool subfolders_ = false;
    VariableText home_;
    VariableText root_;
    VariableText inbox_; // expands to nothing where the location has none
};

} // namespace dovewatch::table
