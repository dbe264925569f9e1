// The title probe, once per libdovecot.so.0 in use on this host.
#pragma once

#include "store/result.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <bpf/libbpf.h>

namespace dovewatch {

struct LinkDeleter {
    void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};
using ProbeLink = std::unique_ptr<bpf_link, LinkDeleter>;

// Told apart by inode, so that a library replaced by an upgrade, or another one in a container, gets its own
// probe. A probe stays for the lifetime of this object: processes of the old library may live on.
class TitleProbes {
  public:
    enum class Outcome {
        attached,   // a library that had no probe yet
        known,      // nothing to do
        not_mapped, // the master has not loaded its library (yet), or is gone
    };

    TitleProbes(bpf_program* program, std::filesystem::path proc);

    // Sees to the library that this master has mapped.
    [[nodiscard]] Result<Outcome> attach(std::int32_t master_pid);

    std::size_t size() const { return links_.size(); }

  private:
    bpf_program* program_;
    std::filesystem::path proc_;
    std::set<std::pair<std::uint64_t, std::uint64_t>> inodes_; // device, inode
    std::vector<ProbeLink> links_;
};

} // namespace dovewatch
