// What the counting of each mail format builds upon.
#pragma once

#include "exporters/table/mail_folders.h"
#include "exporters/table/mailbox_counter.h"
#include "store/result.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace dovewatch::table {

// Does not own what it is made of: lives within one count_mailbox.
class Tally {
  public:
    Tally(const MailFolders& folders, const GoOn& go_on) : folders_(folders), go_on_(go_on) {}

    const MailFolders& folders() const { return folders_; }

    // Asks to go on.
    [[nodiscard]] Result<void> step() const;

    void add(std::int64_t messages, std::int64_t bytes);

    std::int64_t messages() const { return messages_; }
    std::int64_t bytes() const { return bytes_; }

  private:
    const MailFolders& folders_;
    const GoOn& go_on_;
    std::int64_t messages_ = 0;
    std::int64_t bytes_ = 0;
};

using OpenFolder = std::unique_ptr<MailFolder>;

// What an errno says of a file in a mail store.
Error mail_error(const std::string& path, int error);

// True where the name is not there, or is no folder but a symbolic link or a file.
bool is_no_folder(int error);

// Opens one below the other. `path` is that of the first, for messages.
Result<OpenFolder> open_below(const MailFolder& parent, const std::string& path,
                              const std::vector<std::string>& names);

// Calls `visit` for each entry, after a step.
[[nodiscard]] Result<void> each_entry(Tally& tally, MailFolder& folder, const std::string& path,
                                      const std::function<Result<void>(const FolderEntry&)>& visit);

// Adds the file, where it is a regular one and still there.
[[nodiscard]] Result<void> add_file(Tally& tally, const MailFolder& folder, const std::string& path,
                                    const FolderEntry& entry);

[[nodiscard]] Result<void> count_maildir(Tally& tally, const MailLocation& location);
[[nodiscard]] Result<void> count_mbox(Tally& tally, const MailLocation& location);
[[nodiscard]] Result<void> count_sdbox(Tally& tally, const MailLocation& location);
[[nodiscard]] Result<void> count_mdbox(Tally& tally, const MailLocation& location);

} // namespace dovewatch::table
