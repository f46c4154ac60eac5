# shellcheck shell=bash
# What sweeps of builds have in common: the server `new` is there whole or not at all. `load ../support/sweep_build` after sweep.

there() { [[ -e /etc/vservers/new.toml ]]; }
whole() { [[ -s /var/lib/vservers/servers/new/record.json && -e /var/lib/vservers/servers/new/upper/etc/hostname ]]; }
nothing_of_new() {
    local left
    left=$(find /etc/vservers /var/lib/vservers/{servers,logs,staging,trash} -maxdepth 1 -name '*new*')
    [[ -z $left ]] || { echo "left: $left"; return 1; }
}

# Everything is there or nothing, and what is there can be used and removed.
settled() {
    expect 0 next images || return 1
    ! there || { whole && expect 0 next new exec true && expect 0 next new delete --yes; } || return 1
    nothing_of_new && audit_now
}

absent() { ! there || vserver new delete --yes >/dev/null; }
present() { there || { vserver new build --image "$small_image" --network none && vserver new exec true; } >/dev/null; }
remove_images() {
    local image
    for image in /var/lib/vservers/images/*; do
        [[ ${image##*/} == "$small_image" ]] || vserver images remove "${image##*/}" >/dev/null
    done
}

sweep_build() {
    after_kill() {
        if (( RANDOM % 2 )); then expect 0 repaired; else expect '0 7' next "${build[@]}"; fi && settled
    }
    after_error() { { there || nothing_of_new; } && settled; }
    sweep "$1" "$2" vserver "${build[@]}"
}
