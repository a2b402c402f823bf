// CSeccomp
