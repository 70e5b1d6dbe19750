"""Signs requests to S3 with botocore.

    sign-requests.py FILE      a JSON list of requests in; a JSON list of url, authorization and hash each out

The URL is made here too, from the key and the query as they are before they are encoded.
"""

import datetime
import json
import sys
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials


def quoted(text, safe=""):
    return urllib.parse.quote(text, safe=safe + "-_.~")


def url(facts):
    scheme, host = facts["endpoint"].split("://")
    path = "/" + quoted(facts["key"], "/") if facts["key"] else ""
    if facts["isVirtual"]:
        base = f"{scheme}://{facts['bucket']}.{host}{path or '/'}"
    else:
        base = f"{scheme}://{host}/{facts['bucket']}{path}"
    query = "&".join(f"{quoted(name)}={quoted(value)}" for name, value in facts["query"])
    return base + ("?" + query if query else "")


def signed(facts):
    time = datetime.datetime.strptime(facts["time"], "%Y%m%dT%H%M%SZ")
    botocore.auth.get_current_datetime = lambda: time
    request = botocore.awsrequest.AWSRequest(
        method=facts["method"], url=url(facts), headers=dict(facts["headers"]), data=bytes(facts["body"])
    )
    # The payload is signed over https too; botocore leaves that out where there is a Content-MD5.
    auth = botocore.auth.S3SigV4Auth(
        botocore.credentials.Credentials(facts["accessKeyID"], facts["secret"], facts.get("token")), "s3", facts["region"]
    )
    auth._should_sha256_sign_payload = lambda request: True
    auth.add_auth(request)
    return {
        "url": request.url,
        "authorization": request.headers["Authorization"],
        "hash": request.headers["X-Amz-Content-SHA256"],
    }


with open(sys.argv[1], encoding="utf-8") as file:
    json.dump([signed(facts) for facts in json.load(file)], sys.stdout)
