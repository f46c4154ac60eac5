# What the command line says and refuses before there is any server.

load ../support/common

# One sentence on standard error, nothing on standard output, the status.
refused() {    # STATUS MESSAGE ARGUMENT...
    local expected=$1 message=$2
    shift 2
    run_vserver "$@"
    [ "$status" -eq "$expected" ]
    [ "$output" = '' ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ ${stderr_lines[0]} == "vserver: $message"* ]]
}

@test "help goes to standard output and fits a screen for every verb" {
    run_vserver --help
    [ "$status" -eq 0 ]
    [ "$stderr" = '' ]
    for verb in $(vserver --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
        run_vserver "$verb" --help
        [ "$status" -eq 0 ]
        [ "$stderr" = '' ]
        [ "${#lines[@]}" -lt 40 ]
        [[ ${lines[0]} == "Usage: vserver "* ]]
    done
}

@test "help, version and completion are for everybody, the rest is for root" {
    for word in --help --version --complete; do
        setpriv --reuid 65534 --clear-groups vserver "$word" >/dev/null
    done
    run --separate-stderr setpriv --reuid 65534 --clear-groups vserver list
    [ "$status" -eq 4 ]
    [ "$stderr" = "vserver: only root may do this; try 'sudo vserver'" ]
    run --separate-stderr setpriv --reuid 65534 --clear-groups vserver web1 exec true
    [ "$status" -eq 125 ]
    run --separate-stderr setpriv --reuid 65534 --clear-groups vserver-stat
    [ "$status" -eq 4 ]
}

@test "the completion script is one that bash takes" {
    vserver --complete | bash -n
    run bash -c '. <(vserver --complete); COMP_WORDS=(vserver sta); COMP_CWORD=1; _vserver; echo "${COMPREPLY[*]}"'
    [ "$output" = 'start status' ]
    run bash -c '. <(vserver --complete); COMP_WORDS=(vserver web1 build --fr); COMP_CWORD=3; _vserver; echo "${COMPREPLY[*]}"'
    [ "$output" = '--from' ]
}

@test "a wrong command line is one sentence and status 2" {
    refused 2 "say what to do: vserver NAME VERB"
    refused 2 "there is no verb 'strat'; did you mean 'start'?" strat web1
    refused 2 "'list' has no option '--jsn'; did you mean '--json'?" list --jsn
    refused 2 "say which server: vserver start NAME..., --all or --running" start
    refused 2 "say what to build it from" build web1
    refused 2 "--from: " build web1 --network none --from nonsense
    refused 2 "--address: " build web1 --from host --address 1.2.3
    refused 2 "--timeout: 'soon' is not a time such as 30s or 5m" stop web1 --timeout soon
}

@test "a name that cannot be one is refused everywhere" {
    for name in '' . .. ../x a/b -x 'a b' "$(printf 'a\nb')" $'\e[2J' ä "$(printf 'x%.0s' {1..64})"; do
        run_vserver start -- "$name"
        [ "$status" -eq 2 ]
        [ "${#stderr_lines[@]}" -eq 1 ]
        [[ $stderr != *$'\e'* ]]
    done
}

@test "a server that does not exist is status 5" {
    for verb in start stop restart status running config check delete files mount umount passwd; do
        refused 5 "" "$verb" web1 </dev/null
    done
    refused 125 "" web1 exec true
    refused 125 "" web1 enter
}

@test "several servers are each told, and the worst status is the result" {
    run_vserver start web1 web2
    [ "$status" -eq 5 ]
    [ "${#stderr_lines[@]}" -eq 2 ]
}

@test "--json is one document, whatever happens" {
    run_vserver list --json
    [ "$status" -eq 0 ]
    [ "$(jq -c .servers <<<"$output")" = '[]' ]
    run_vserver status web1 --json
    [ "$status" -eq 5 ]
    [ "$(jq -r '.errors[0].code' <<<"$output")" = no_such_server ]
    run_vserver config web1 --json
    [ "$status" -eq 5 ]
    [ "$(jq -r .error.code <<<"$output")" = no_such_server ]
    run --separate-stderr vserver-stat --json
    [ "$(jq -c .servers <<<"$output")" = '[]' ]
}

@test "lists of nothing are a line of titles" {
    run_vserver list
    [ "$status" -eq 0 ]
    [ "$output" = 'NAME  CTX  STATE  UPTIME  ADDRESS  IMAGE' ]
    run_vserver images
    [ "$output" = 'IMAGE  SIZE  CREATED  SERVERS  SOURCE' ]
    run_vserver start --all
    [ "$status" -eq 0 ]
    [ "$output" = '' ]
}

@test "output that cannot be written is a failure" {
    run --separate-stderr bash -c 'vserver list >/dev/full'
    [ "$status" -eq 1 ]
    [ "$stderr" = 'vserver: cannot write the output' ]
}

@test "a build that cannot work leaves nothing" {
    refused 1 "cannot build 'web1': " build web1 --network none --from /nonexistent.tar
    run_vserver build web1 --network none --image nonexistent
    [ "$status" -ne 0 ]
    [ ! -e /etc/vservers/web1.toml ]
    [ -z "$(find /var/lib/vservers/{servers,images,staging,trash} -mindepth 1)" ]
}

@test "a dry run of a build prints settings and touches nothing" {
    run_vserver build web1 --from host --address 192.0.2.7 --dry-run
    [ "$status" -eq 0 ]
    [[ $output == *'192.0.2.7'* ]]
    [ ! -e /etc/vservers/web1.toml ]
}

@test "settings that are wrong are told with file and line" {
    printf 'image = "x"\nhostnam = "y"\n' >/etc/vservers/web1.toml
    run_vserver start web1
    [ "$status" -eq 2 ]
    [[ $stderr == *"/etc/vservers/web1.toml:2:"*hostname* ]]
    [ ! -e /run/vservers/web1 ]
    run_vserver list
    [[ $output == *'web1'*'broken'* ]]
    rm /etc/vservers/web1.toml
}

@test "doctor finds this machine fit, and says what it tried" {
    run_vserver doctor --json
    for subject in kernel cgroups userns overlay firewall ids disk; do
        [ "$(jq -r --arg s $subject '.findings[] | select(.subject == $s).grade' <<<"$output")" != bad ]
    done
    run_vserver doctor
    [[ $output == *'ok   kernel'* ]]
}

@test "repair of a machine without servers finds nothing" {
    run_vserver repair
    [ "$status" -eq 0 ]
    echo "$output"
    [ "$output" = 'nothing to repair' ]
}

@test "the programs are static and need no other file to start" {
    for program in vserver vserver-stat; do
        run ldd "$(command -v $program)"
        [[ $output == *'not a dynamic executable'* || $output == *'statically linked'* ]]
    done
}
