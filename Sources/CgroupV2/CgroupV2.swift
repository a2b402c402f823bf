// CgroupV2
