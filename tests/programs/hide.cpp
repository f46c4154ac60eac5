// A library that hides: whoever is loaded with it does not see the directories of processes whose name begins with "hidden".
// tests/system/crossview.bats puts it into a server as what LD_PRELOAD rootkits are. Freestanding.
#include <dirent.h>
#include <dlfcn.h>

#include <cstdio>
#include <cstring>

namespace {

bool is_hidden(const char* name) {
    char path[300], process[64] = "";
    std::snprintf(path, sizeof path, "/proc/%s/comm", name);
    std::FILE* file = std::fopen(path, "r");
    if (file == nullptr) return false;
    if (std::fgets(process, sizeof process, file) == nullptr) process[0] = '\0';
    std::fclose(file);
    return std::strncmp(process, "hidden", 6) == 0;
}

}  // namespace

extern "C" dirent* readdir(DIR* directory) {
    auto next = reinterpret_cast<dirent* (*)(DIR*)>(::dlsym(RTLD_NEXT, "readdir"));
    dirent* entry = nullptr;
    do entry = next(directory);
    while (entry != nullptr && is_hidden(entry->d_name));
    return entry;
}
