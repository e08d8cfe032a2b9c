# SPDX-License-Identifier: LGPL-2.1-or-later
# The lab's image and its boot; sourced by tests/lab/run, which sets $here and $root.
# shellcheck shell=bash disable=SC2154

# While a machine runs: its ssh configuration, QMP socket, serial output.
state=/mnt/lab
ssh_config=$state/ssh

release=${VGPUD_LAB_DEBIAN:-13}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/vgpud/lab-$release
# Everything that goes into it: names, modes and contents, and of Debian 12 the outer machine's Node.
recipe=$(
  cd "$root"
  find scripts/lib/debian-root.sh tests/lab/image tests/lab/module tests/lab/boot.sh tests/lab/machine -type f \
    ! -name '*.md' ! -name LICENSE -printf '%m ' -exec sha256sum {} ';' | LC_ALL=C sort -k 3
  [ "$release" != 12 ] || node --version
)
recipe=$(sha256sum <<<"$recipe")
image=${VGPUD_LAB_IMAGE:-$cache/${recipe:0:16}}

# A machine that boots says so within this time; a boot that prints nothing is started again, once.
first_word_seconds=90
ready_seconds=400
# Its first boot, from then on to the end.
first_boot_seconds=300
# Images of other recipes that stay: of other checkouts and branches.
kept_images=3

# provide_image: makes $image unless it is there. Runs share the lock until they have booted; whoever makes the image has
# it alone.
provide_image() {
  local started=$SECONDS
  mkdir -p "$cache"
  exec 8>"$cache/lock"
  flock --shared --nonblock 8 || {
    echo 'lab: waiting for an image that is being made' >&2
    flock --shared 8
  }
  [ ! -d "$image" ] || return 0
  flock --nonblock 8 || {
    echo 'lab: waiting for other boots' >&2
    flock 8
  }
  [ ! -d "$image" ] || return 0
  echo "lab: making the image of Debian $release, once" >&2
  mkdir /mnt/new
  "$here/image/make" "$release" /mnt/new >/mnt/log 2>&1 || {
    cat /mnt/log >&2
    die 'the image could not be made'
  }
  echo "lab: packages and kernel took $((SECONDS - started)) s; now a first boot, which fills caches" >&2
  unshare --net bash -euo pipefail -c 'here=$1 root=$2; . "$here/boot.sh"; ip link set lo up; boot /mnt/new; first_boot' \
    boot "$here" "$root" || die 'the image could not be booted for the first time'
  e2fsck -fn /mnt/new/disk.img >/mnt/log 2>&1 || {
    cat /mnt/log >&2
    die "the image's file system is broken"
  }
  find "$cache" -mindepth 1 -maxdepth 1 -name '*.new' -exec rm -rf {} +
  find "$cache" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %p\n' | sort -rn | tail -n +"$kept_images" | cut -d' ' -f2- |
    while read -r old; do rm -rf "$old"; done
  cp -r --sparse=always /mnt/new "$image.new"
  mv "$image.new" "$image"
  rm -rf /mnt/new
  echo "lab: the image took $((SECONDS - started)) s, $(du -sm "$image" | cut -f1) MB" >&2
  flock --shared 8
}

# boot IMAGE [--snapshot]: starts the machine, in $machine, and returns when it can be used.
boot() {
  local folder=$1 snapshot=off attempt
  [ "${2:-}" != --snapshot ] || snapshot=on
  # From here on the image's folder may go: QEMU has its files open.
  install -m 600 "$folder"/{key,known_hosts} "$state/"
  write_ssh_config
  for attempt in 1 2; do
    # A disk that a killed machine has written to is not used again.
    [ "$snapshot" = on ] || { [ -e "$folder/fresh.img" ] || mv "$folder/disk.img" "$folder/fresh.img"; cp --sparse=always "$folder/fresh.img" "$folder/disk.img"; }
    if boot_once "$folder" "$snapshot"; then
      rm -f "$folder/fresh.img"
      echo "lab: booted in $SECONDS_TO_BOOT s" >&2
      return 0
    fi
    echo "lab: boot $attempt failed; the serial line's end:" >&2
    tail -n 20 "$state/serial" >&2 || true
    tail -n 5 "$state/qemu.log" >&2
  done
  return 1
}

# The first boot ends with caches filled, on the disk; fails when it does not.
first_boot() {
  timeout "$first_boot_seconds" ssh -F "$ssh_config" lab sh <"$here/image/first-boot"
  ssh -F "$ssh_config" lab systemctl --no-block start poweroff.target </dev/null || true
  # A machine that does not end is no image.
  timeout "$first_boot_seconds" tail --pid="$machine" -f /dev/null || kill -KILL "$machine"
  wait "$machine"
}

boot_once() {
  local folder=$1 snapshot=$2 started=$SECONDS
  rm -f "$state"/{serial,qmp,control-*}
  # QEMU's own snapshot is a file in TMPDIR that has no name.
  TMPDIR=$state "$here/machine" "$folder" "$state" "$root" \
    -drive "file=$folder/disk.img,if=none,id=disk,format=raw,snapshot=$snapshot,cache=unsafe" >"$state/qemu.log" 2>&1 8>&- &
  machine=$!
  wait_for "$first_word_seconds" test -s "$state/serial" &&
    wait_for "$ready_seconds" grep -q 'vgpud-lab: ready' "$state/serial" &&
    ssh -F "$ssh_config" lab true </dev/null 8>&- && SECONDS_TO_BOOT=$((SECONDS - started)) && return 0
  kill -KILL "$machine" 2>/dev/null || true
  wait "$machine" 2>/dev/null || true
  return 1
}

# wait_for SECONDS COMMAND…: until the command succeeds; fails when the machine ends or the time is over.
wait_for() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" 2>/dev/null; do
    kill -0 "$machine" 2>/dev/null && [ $SECONDS -lt $deadline ] || return 1
    sleep 0.2
  done
}

write_ssh_config() {
  cat >"$ssh_config" <<CONFIG
Host lab
  HostName 127.0.0.1
  User root
  IdentityFile $state/key
  UserKnownHostsFile $state/known_hosts
  HostKeyAlias lab
  BatchMode yes
  ConnectTimeout 60
  ServerAliveInterval 20
  ServerAliveCountMax 6
  LogLevel ERROR
  ControlMaster auto
  ControlPath $state/control-%C
  ControlPersist yes
CONFIG
}
