#pragma once
// Whether a call of reboot(2) would end a virtual server or the machine.

namespace vs::reboot {

enum class Whereabouts {
    server,            ///< our PID namespace is not the machine's, and belongs to our user namespace, which is not either
    main_environment,  ///< anything else
    unknown,           ///< there is no procfs that can be trusted to tell
};

Whereabouts find_whereabouts();

}  // namespace vs::reboot
