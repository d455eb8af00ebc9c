#!/bin/sh
# Makes the secrets of docker-compose.yml. Existing ones are kept, so it can be run again at any time.
#
#   sh docker/make-secrets.sh
#
# To use your own secret, write it into its file before. Back up the folder separately from the database.
set -eu
cd "$(dirname "$0")/.."

# Only you can enter the folder. The files themselves are readable for all, because each is mounted into containers where
# other users read it.
mkdir -p secrets
chmod 700 secrets
umask 022

# 256 random bits in hexadecimal, so that they need no escaping in a URL.
random() {
  od -A n -t x1 -N 32 /dev/urandom | tr -d ' \n'
}

# Writes standard input to a new file with this name. The file gets its name only after it is complete.
keep() {
  [ -e "secrets/$1" ] && return
  cat >"secrets/.$1.unfinished"
  mv "secrets/.$1.unfinished" "secrets/$1"
  echo "made secrets/$1"
}

random | keep postgres-password
random | keep idem-secret
printf 'postgres://idem:%s@postgres:5432/idem' "$(cat secrets/postgres-password)" | keep database-url
