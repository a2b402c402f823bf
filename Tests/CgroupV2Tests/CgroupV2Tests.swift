// CgroupV2Tests
