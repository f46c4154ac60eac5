# shellcheck shell=bash
# What exists in a test host, as the kernel says it: sorted lines "KIND ITEM", one per thing. Sourced by audit and
# canary. Only what stands still is told: no counters, no carrier, no neighbour that was learnt. A process or a file may
# vanish while it is looked at; that alone is no failure.

# KIND is the first word of every line that "$@" prints.
as() { sed "s|^|$1 |"; }

view_mounts() {     # MOUNTPOINT TYPE ROOT FLAGS SOURCE
    awk '{ for (dash = 7; $dash != "-"; dash++); print $5, $(dash + 1), $4, $6, $(dash + 2) }' /proc/self/mountinfo |
        as mount
}

view_cgroups() { find /sys/fs/cgroup -mindepth 1 -type d | as cgroup; }

view_devices() {    # NAME up|down MTU ADDRESS
    ip -o link | awk '{ sub(/(@.*)?:$/, "", $2); mac = "none"
        for (i = 4; i < NF; i++) { if ($i == "mtu") mtu = $(i + 1); if ($i ~ "^link/") mac = $(i + 1) }
        print $2, ($3 ~ /[<,]UP[,>]/ ? "up" : "down"), mtu, mac }' | as device
}

view_addresses() { ip -o address | awk '{ print $2, $3, $4 }' | as address; }

# What the kernel adds by itself follows from devices and addresses.
view_routes() {
    { ip -4 route show table all; ip -6 route show table all; ip -4 rule; ip -6 rule; } |
        grep -v 'proto kernel' | sed -E 's/ (linkdown|dead|pref medium)//g; s/[ \t]+/ /g; s/ $//' | as route
}

view_neighbours() {
    { ip neigh show nud permanent; ip -4 neigh show proxy; ip -6 neigh show proxy; } |
        sed -E 's/ +$//' | as neighbour
}

# Network namespaces that have a device in common with this one, dying ones included.
view_peers() { ip netns list-id | awk '{ print $2 }' | as peer; }

# TABLE / CHAIN OR SET / RULE, one line for each rule and each element.
view_nft() {
    nft -s list ruleset | awk '
        function path(    i, text) { for (i = 1; i <= depth; i++) text = text block[i] " / "; return text }
        function elements(text,    i, n, one) {
            gsub(/^[^{]*\{|\}$/, "", text); n = split(text, one, ",")
            for (i = 1; i <= n; i++) { gsub(/^ +| +$/, "", one[i]); print path() "element " one[i] }
        }
        { gsub(/^[ \t]+|[ \t]+$/, "") }
        list != ""        { list = list " " $0; if (/}$/) { elements(list); list = "" }; next }
        /^elements = \{/  { if (/}$/) elements($0); else list = $0; next }
        /\{$/             { sub(/ *\{$/, ""); print path() $0; block[++depth] = $0; next }
        /^\}$/            { depth--; next }
        NF                { print path() $0 }' | as nft
}

# Namespaces that a process lives in or holds open. Those that a mount holds are among the mounts.
view_namespaces() {
    { find /proc/[0-9]*/ns /proc/[0-9]*/fd -type l -lname '*:\[*' -printf '%l\n' 2>/dev/null || true; } |
        grep -v -e '^socket' -e '^pipe' -e '^anon' | as namespace
}

# PID CGROUP COMMAND. Not the caller's ancestors and descendants: they come and go with the asking.
view_processes() {
    ps -ww -eo pid=,ppid=,cgroup=,args= | awk -v self=$$ '
        { parent[$1] = $2; sub(/^.*0::/, "", $3); line[$1] = $1; for (i = 3; i <= NF; i++) line[$1] = line[$1] " " $i }
        function descends(pid) { while (pid > 1) { if (pid == self) return 1; pid = parent[pid] } return 0 }
        END {
            for (pid = self; pid > 1; pid = parent[pid]) ancestor[pid] = 1
            for (pid in line) if (!(pid in ancestor) && !descends(pid)) print line[pid]
        }' | as process
}

# Loop devices are the whole machine's: ours are those whose file is the one of that name here, or has no name any more.
view_loops() {
    losetup -l -n --raw -O NAME,BACK-INO,BACK-FILE | while read -r name inode file; do
        [[ $file == *deleted* || $(stat -c %i "$file" 2>/dev/null) == "$inode" ]] && echo "$name $file"
    done | as loop
}

view_ipc() {
    local type
    for type in shm msg sem; do awk -v type=$type 'FNR > 1 { print type, $2, "key", $1 }' "/proc/sysvipc/$type"; done | as ipc
    find /run/testhost/mqueue -mindepth 1 -printf 'mq /%f\n' | as ipc
}

# Not what is inside a server's layers, an image or the objects: that is content, theirs.
view_files() {
    local top
    for top in /run /etc/vservers /tmp /dev/shm /sys/fs/bpf; do
        [[ ! -d $top ]] || find $top -xdev -mindepth 1 -printf '%p %y\n' 2>/dev/null || true
    done | as file
    find /var/lib/vservers -xdev -mindepth 1 -maxdepth 3 \
        \( -path '*/objects/*' -o -path '*/images/*/*/*' \) -prune -o -printf '%p %y\n' 2>/dev/null | as file || true
}

# Settings of a device that comes and goes are left out: the device itself is told.
view_sysctls() {
    { grep -rs '' /proc/sys/net || true; } | sed 's|^/proc/sys/||' | tr '\t' ' ' |
        grep -v -e '_count:' | awk -F/ '$3 !~ /^(conf|neigh)$/ || $4 ~ /^(all|default|lo|eth0)$/' | as sysctl
}
