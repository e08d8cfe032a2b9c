# SPDX-License-Identifier: LGPL-2.1-or-later
# The lab's image and its boot; sourced by tests/lab/run, which sets $here and $root.
# shellcheck shell=bash disable=SC2154

# While a machine runs: its ssh configuration, QMP socket, serial output.
state=/mnt/lab
ssh_config=$state/ssh

release=${VGPUD_LAB_DEBIAN:-13}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/vgpud/lab-$release
recipe=$(cat "$root/scripts/lib/debian-root.sh" $(find "$here/image" "$here/module" -type f ! -name '*.md' ! -name LICENSE | sort) | sha256sum)
image=${VGPUD_LAB_IMAGE:-$cache/${recipe:0:16}}

# A machine that boots says so within this time; a boot that prints nothing is started again, once.
first_word_seconds=90
ready_seconds=400

# provide_image: makes $image unless it is there. Runs share the lock until they have booted; whoever makes the image has
# it alone.
provide_image() {
  local started=$SECONDS
  mkdir -p "$cache"
  exec 8>"$cache/lock"
  flock --shared 8
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
  (unshare --net bash -c 'here=$1 root=$2; . "$here/boot.sh"; ip link set lo up; boot /mnt/new; first_boot' boot "$here" "$root")
  find "$cache" -mindepth 1 -maxdepth 1 -type d -exec rm -rf {} +
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
    if boot_once "$folder" "$snapshot"; then
      echo "lab: booted in $SECONDS_TO_BOOT s" >&2
      return 0
    fi
    echo "lab: boot $attempt failed; the serial line's end:" >&2
    tail -n 20 "$state/serial" >&2 || true
    tail -n 5 "$state/qemu.log" >&2
  done
  return 1
}

# The first boot ends with caches filled, on the disk.
first_boot() {
  ssh -F "$ssh_config" lab sh <"$here/image/first-boot"
  ssh -F "$ssh_config" lab systemctl --no-block start poweroff.target </dev/null || true
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
