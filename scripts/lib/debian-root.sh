# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes root file systems of Debian releases; sourced by scripts/test-bare and tests/container/run.
# Network access, package sources and npm's settings are those of this machine, read at run time.
# shellcheck shell=bash

# codename_of RELEASE: the name of a supported Debian release.
codename_of() {
  case $1 in
    12) echo bookworm ;;
    13) echo trixie ;;
    *) return 1 ;;
  esac
}

# debian_sources CODENAME: this machine's Debian sources, for another release; sources of third parties are left out.
debian_sources() {
  local here
  here=$(. /etc/os-release && echo "$VERSION_CODENAME")
  # The target list knows every format of sources; only main of the release and its updates is Debian's own.
  # shellcheck disable=SC2016
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    sed -nE "s|^(\S+) $here(-updates\|-security)? main$|deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] \1 $1\2 main|p" |
    sort -u
}

# apt_options: the machine's options about fetching, one a line.
apt_options() { apt-config dump --format '%F "%v";%n' | grep -E '^Acquire::(Check-|https?::|Retries|Force)' || true; }

# node_prefix: the folder that holds this machine's Node with its npm and headers.
node_prefix() {
  local prefix
  prefix=$(node -p 'path.resolve(process.execPath, "../..")')
  if [ ! -e "$prefix/lib/node_modules/npm/bin/npm-cli.js" ]; then
    echo "$prefix holds no npm: a Node.js as its makers ship it is needed, since Debian 12's own is too old" >&2
    return 1
  fi
  echo "$prefix"
}

# copy_node ROOT: this machine's Node, npm and headers into a root file system.
copy_node() {
  local prefix
  prefix=$(node_prefix) || return 1
  install -D "$prefix/bin/node" "$1/usr/local/bin/node"
  mkdir -p "$1/usr/local/lib/node_modules" "$1/usr/local/include"
  cp -a "$prefix/lib/node_modules/npm" "$1/usr/local/lib/node_modules/"
  [ ! -d "$prefix/include/node" ] || cp -a "$prefix/include/node" "$1/usr/local/include/"
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$1/usr/local/bin/npm"
  ln -sf ../lib/node_modules/npm/bin/npx-cli.js "$1/usr/local/bin/npx"
}

# make_debian_root RELEASE DIRECTORY [NODE_PACKAGES]: a minimal Debian with Node and npm, and nothing else.
# NODE_PACKAGES: what brings Node on Debian 13, comma-separated; nodejs,npm unless told.
make_debian_root() {
  local release=$1 dir=$2 node_packages=${3:-nodejs,npm} codename sources include=ca-certificates,libstdc++6 option
  local -a options=()
  codename=$(codename_of "$release") || {
    echo "Debian $release is not known: 12 or 13" >&2
    return 1
  }
  sources=$(debian_sources "$codename")
  [ -n "$sources" ] || {
    echo 'this machine has no Debian package sources' >&2
    return 1
  }
  # Debian 13's own Node is new enough; Debian 12's is not.
  [ "$release" = 12 ] || include+=,$node_packages
  while read -r option; do options+=(--aptopt="$option"); done < <(apt_options)
  mmdebstrap --quiet --variant=minbase --skip=check/empty --include="$include" "${options[@]}" \
    "$codename" "$dir" - <<<"$sources" || return 1
  [ "$release" != 12 ] || copy_node "$dir" || return 1
  lend_network "$dir"
}

# lend_network ROOT: name resolution, certificates and npm's registry as on this machine.
lend_network() {
  local registry authority
  cat /etc/resolv.conf >"$1/etc/resolv.conf"
  cat /etc/hosts >"$1/etc/hosts"
  registry=$(npm config get registry 2>/dev/null)
  authority=$(npm config get cafile 2>/dev/null)
  printf 'registry=%s\n' "$registry" >"$1/root/.npmrc"
  if [ -f "$authority" ]; then
    cat "$authority" >"$1/etc/npm-authorities.pem"
    echo 'cafile=/etc/npm-authorities.pem' >>"$1/root/.npmrc"
  fi
  [ ! -f /etc/ssl/certs/ca-certificates.crt ] || cat /etc/ssl/certs/ca-certificates.crt >"$1/etc/ssl/certs/ca-certificates.crt"
}
