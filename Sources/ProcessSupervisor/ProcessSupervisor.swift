// ProcessSupervisor
