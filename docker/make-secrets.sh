#!/bin/sh
# Makes the secrets of docker-compose.yml, once: what exists already is kept, so that it may be run again at any time.
#
#   sh docker/make-secrets.sh
#
# A secret of your own goes into its file before that. Back the folder up apart from the database.
set -eu
cd "$(dirname "$0")/.."

# Nobody else on this machine may enter the folder. The files themselves are readable: each is mounted alone into its
# containers, where users other than you read them.
mkdir -p secrets
chmod 700 secrets
umask 022

# 256 random bits in hexadecimal, so that they need no escaping in a URL.
random() {
  od -A n -t x1 -N 32 /dev/urandom | tr -d ' \n'
}

# Writes standard input to a new file of that name; it has the name only once it is whole.
keep() {
  [ -e "secrets/$1" ] && return
  cat >"secrets/.$1.unfinished"
  mv "secrets/.$1.unfinished" "secrets/$1"
  echo "made secrets/$1"
}

random | keep postgres-password
random | keep idem-secret
printf 'postgres://idem:%s@postgres:5432/idem' "$(cat secrets/postgres-password)" | keep database-url
