# Names the programs by their content: what one build has pinned is never taken for another's.
file(SHA256 ${OBJECT} hash)
string(SUBSTRING ${hash} 0 16 hash)
file(WRITE ${HEADER} "#pragma once\n#define VS_ADDRESS_LOCK_VERSION \"${hash}\"\n")
