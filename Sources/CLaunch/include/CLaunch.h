// CLaunch
