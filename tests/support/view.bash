# shellcheck shell=bash
# What exists in a test host, as the kernel says it: lines "KIND ITEM", one for each thing. Sourced by audit and canary.
# Only what stands still is told: no counters, no carrier, no neighbour that was learnt. A process or a file may vanish
# while it is looked at; that alone is no failure. Few processes are made: each costs a tenth of a second where the
# machine is emulated.

view_mounts() {     # mount MOUNTPOINT TYPE ROOT FLAGS SOURCE
    awk '{ for (dash = 7; $dash != "-"; dash++); print "mount", $5, $(dash + 1), $4, $6, $(dash + 2) }' /proc/self/mountinfo
}

view_cgroups() { find /sys/fs/cgroup -mindepth 1 -type d -printf 'cgroup %p\n'; }

# device NAME up|down MTU ADDRESS; address DEVICE FAMILY ADDRESS; neighbour ..., permanent and proxy ones; route ..., rules
# too. A peer is a network namespace that has a device in common with this one, also when it is dying. Routes that the
# kernel adds by itself follow from devices and addresses.
view_network() {
    {
        ip -o -batch - <<<$'link show\naddress show\nnetns list-id'
        ip -4 -batch - <<<$'route show table all\nrule show\nneighbour show nud permanent\nneighbour show proxy'
        ip -6 -batch - <<<$'route show table all\nrule show\nneighbour show nud permanent\nneighbour show proxy'
        tc qdisc show
    } | awk '
        { gsub(/[ \t]+/, " "); sub(/ $/, "") }
        /^[0-9]+: [^ ]+ </ {
            sub(/(@.*)?:$/, "", $2); mac = "none"
            for (i = 4; i < NF; i++) { if ($i == "mtu") mtu = $(i + 1); if ($i ~ "^link/") mac = $(i + 1) }
            print "device", $2, ($3 ~ /[<,]UP[,>]/ ? "up" : "down"), mtu, mac; next
        }
        /^[0-9]+: [^ ]+ inet/    { print "address", $2, $3, $4; next }
        /^nsid /                 { print "peer", $2; next }
        /^qdisc /                { if ($2 == "clsact") print "filters", $5; next }
        / (PERMANENT|proxy)$/    { print "neighbour", $0; next }
        !/proto kernel/          { gsub(/ (linkdown|dead|pref medium)/, ""); print "route", $0 }'
}

# nft TABLE / CHAIN OR SET / RULE, one line for each rule and each element.
view_nft() {
    nft -s list ruleset | awk '
        function tell(what,    i, text) { for (i = 1; i <= depth; i++) text = text block[i] " / "; print "nft", text what }
        function elements(text,    i, n, one) {
            gsub(/^[^{]*\{|\}$/, "", text); n = split(text, one, ",")
            for (i = 1; i <= n; i++) { gsub(/^ +| +$/, "", one[i]); tell("element " one[i]) }
        }
        { gsub(/^[ \t]+|[ \t]+$/, "") }
        list != ""        { list = list " " $0; if (/}$/) { elements(list); list = "" }; next }
        /^elements = \{/  { if (/}$/) elements($0); else list = $0; next }
        /\{$/             { sub(/ *\{$/, ""); tell($0); block[++depth] = $0; next }
        /^\}$/            { depth--; next }
        NF                { tell($0) }'
}

# Namespaces that a process lives in or holds open. Those that a mount holds are among the mounts.
view_namespaces() {
    find /proc/[0-9]*/ns /proc/[0-9]*/fd -type l -lname '*:\[*' ! -lname 'socket:*' ! -lname 'pipe:*' ! -lname 'anon_inode:*' \
        -printf 'namespace %l\n' 2>/dev/null || true
}

# process PID CGROUP COMMAND. Not the caller's ancestors and descendants: they come and go with the asking.
view_processes() {
    ps -ww -eo pid=,ppid=,cgroup:512=,args= | awk -v self=$$ '
        { parent[$1] = $2; sub(/^.*0::/, "", $3); line[$1] = $1; for (i = 3; i <= NF; i++) line[$1] = line[$1] " " $i }
        function descends(pid) { while (pid > 1) { if (pid == self) return 1; pid = parent[pid] } return 0 }
        END {
            for (pid = self; pid > 1; pid = parent[pid]) ancestor[pid] = 1
            for (pid in line) if (!(pid in ancestor) && !descends(pid)) print "process", line[pid]
        }'
}

# Loop devices are the whole machine's: ours are those whose file is the one of that name here, or has no name any more.
view_loops() {
    compgen -G '/sys/block/loop*/loop' >/dev/null || return 0
    losetup -l -n --raw -O NAME,BACK-INO,BACK-FILE | while read -r name inode file; do
        [[ $file != *deleted* && $(stat -c %i "$file" 2>/dev/null) != "$inode" ]] || echo "loop $name $file"
    done
}

# ipc shm|msg|sem ID key KEY, ipc mq NAME
view_ipc() {
    local type key id queue
    for type in shm msg sem; do
        { read -r _; while read -r key id _; do echo "ipc $type $id key $key"; done; } <"/proc/sysvipc/$type"
    done
    for queue in /run/testhost/mqueue/*; do [[ ! -e $queue ]] || echo "ipc mq ${queue##*/}"; done
}

# file PATH TYPE. Not what is inside a server's layers, an image or the objects: that is content, theirs.
view_files() {
    local bpf=/sys/fs/bpf
    [[ -d $bpf ]] || bpf=''
    find /run /etc/vservers /tmp /dev/shm $bpf -xdev -mindepth 1 -printf 'file %p %y\n' 2>/dev/null || true
    find /var/lib/vservers -xdev -mindepth 1 -maxdepth 3 \
        \( -path '*/objects/*' -o -path '*/images/*/*/*' \) -prune -o -printf 'file %p %y\n' 2>/dev/null || true
}

# sysctl NAME:VALUE of the network. Settings of a device that comes and goes are left out: the device itself is told.
view_sysctls() {
    { grep -rs '' /proc/sys/net || true; } | awk -F/ '
        /_count:/ || $6 ~ /^(conf|neigh)$/ && $7 !~ /^(all|default|lo|eth0)$/ { next }
        { gsub(/\t/, " "); sub("^/proc/sys/", "sysctl "); print }'
}
