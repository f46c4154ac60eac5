# nginx as Debian's package configures it, untouched: on port 80 of 0.0.0.0 and [::]. What it writes is a file system of its own.
#
#   vanilla_nginx PAGE [PREFIX...]    serve PAGE; PREFIX runs it, as `chbind --ip ADDRESS` does. $! is its pid

vanilla_nginx() {
    # shellcheck disable=SC2016
    unshare --mount sh -c 'for dir in /var/log/nginx /var/lib/nginx /var/www/html; do mount -t tmpfs page $dir; done
        echo "$0" >/var/www/html/index.html; chmod 755 /var/www/html
        exec "$@" nginx -g "daemon off;"' "$@" 3>&- &
}
