#include "monitor/process_state.h"

namespace dovewatch {

Service service_of(ProcessRole role) {
    switch (role) {
    case ProcessRole::pop3:
        return Service::pop3;
    case ProcessRole::lmtp:
        return Service::lmtp;
    case ProcessRole::submission:
        return Service::submission;
    case ProcessRole::managesieve:
        return Service::managesieve;
    case ProcessRole::lda:
        return Service::lda;
    case ProcessRole::imap:
    case ProcessRole::imap_hibernate:
        break;
    }
    return Service::imap;
}

ProcessRole role_of(Service service) {
    switch (service) {
    case Service::pop3:
        return ProcessRole::pop3;
    case Service::lmtp:
        return ProcessRole::lmtp;
    case Service::submission:
        return ProcessRole::submission;
    case Service::managesieve:
        return ProcessRole::managesieve;
    case Service::lda:
        return ProcessRole::lda;
    case Service::imap:
        break;
    }
    return ProcessRole::imap;
}

bool says_deinit(ProcessRole role) {
    return role == ProcessRole::imap || role == ProcessRole::pop3;
}

} // namespace dovewatch
