#!/bin/bash
# OpenStack Swift with its S3 interface: a store whose If-None-Match is not atomic, so several of eight concurrent creates win.
#
#   swift_s3.sh PYTHON FOLDER
#
# PYTHON has the packages swift and botocore. Serves the empty bucket `audit` on loopback, to the key test:tester with the secret
# testing, prints `listening on PORT`, and ends with SIGTERM. All that it writes is in FOLDER, except the link /etc/swift, where Swift
# looks for its settings.
set -euo pipefail
bin=$(dirname "$1") python=$1 folder=$2
base=19600 port=19601
[ ! -e /etc/swift ] || [ -L /etc/swift ] || { echo "/etc/swift exists" >&2; exit 1; }
mkdir -p "$folder/etc" "$folder/devices/d1"
ln -sfn "$folder/etc" /etc/swift
trap 'rm -f /etc/swift; kill $(jobs -p) 2>/dev/null' EXIT
trap 'exit 0' TERM

cat >"$folder/etc/swift.conf" <<'END'
[swift-hash]
swift_hash_path_suffix = tests
swift_hash_path_prefix = tests
[storage-policy:0]
name = p0
default = yes
END
cd "$folder/etc"
for server in object:$((base + 10)) container:$((base + 11)) account:$((base + 12)); do
  kind=${server%:*} its_port=${server#*:}
  "$bin/swift-ring-builder" "$kind.builder" create 4 1 0
  "$bin/swift-ring-builder" "$kind.builder" add "r1z1-127.0.0.1:$its_port/d1" 1
  "$bin/swift-ring-builder" "$kind.builder" rebalance
  cat >"$kind.conf" <<END
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $its_port
workers = 0
user = $(id -un)
devices = $folder/devices
mount_check = false
swift_dir = $folder/etc
[pipeline:main]
pipeline = $kind-server
[app:$kind-server]
use = egg:swift#$kind
END
  "$bin/swift-$kind-server" "$kind.conf" >"$folder/$kind.log" 2>&1 &
done >"$folder/rings.log"

cat >proxy.conf <<END
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $port
workers = 0
user = $(id -un)
swift_dir = $folder/etc
[pipeline:main]
pipeline = catch_errors cache bulk s3api tempauth slo dlo symlink versioned_writes proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
[filter:bulk]
use = egg:swift#bulk
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:symlink]
use = egg:swift#symlink
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_object_versioning = true
END
"$python" - >"$folder/proxy.log" 2>&1 <<'END' &
import sys

from swift.common.utils import parse_options
from swift.common.wsgi import run_wsgi

sys.argv = ["swift-proxy-server", "proxy.conf"]
conf, options = parse_options()
sys.exit(run_wsgi(conf, "proxy-server", **options))
END
until curl -s -o /dev/null "http://127.0.0.1:$port/"; do
  sleep 0.25
  jobs -r | grep -q python || { cat "$folder/proxy.log" >&2; exit 1; }
done
"$python" - "http://127.0.0.1:$port" <<'END'
import sys

import botocore.session
from botocore.config import Config

s3 = botocore.session.get_session().create_client(
    "s3",
    endpoint_url=sys.argv[1],
    aws_access_key_id="test:tester",
    aws_secret_access_key="testing",
    region_name="us-east-1",
    config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 10}),
)
s3.create_bucket(Bucket="audit")
END
echo "listening on $port"
wait
