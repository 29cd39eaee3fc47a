#!/bin/sh
# Makes the secrets that docker/compose.yaml mounts, each in a file of its own. What is there already stays: running it again changes nothing.
set -eu
dir="$(cd "$(dirname "$0")" && pwd)/secrets"
mkdir -p "$dir"
# Others may not enter the folder; the files themselves must be readable for the user of the containers.
chmod 0700 "$dir"

make() {
  [ -s "$dir/$1" ] || printf '%s' "$2" > "$dir/$1"
  chmod 0444 "$dir/$1"
}
letters() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

make postgres_password "$(letters)"
make redis_password "$(letters)"
make execution_api_secret_key "$(letters)$(letters)"
make api_secret_key "$(letters)$(letters)"
make admin_password "$(letters | cut -c1-20)"
# 32 bytes, base64url.
make fernet_key "$(head -c 32 /dev/urandom | base64 | tr "+/" "-_")"
make database_url "postgres://tradewind:$(cat "$dir/postgres_password")@postgres:5432/tradewind"
echo "Secrets are in $dir; the password of the user admin is in $dir/admin_password."
