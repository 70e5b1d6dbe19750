"""nginx with prepared pages: serves the audit log of the organization `bench` at almost no cost and without a rate limit."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

from pages import PAGE_SIZE, Pages

ECHO = "/usr/lib/nginx/modules/ngx_http_echo_module.so"

CONFIGURATION = """
{modules}
daemon off;
worker_processes 1;
error_log stderr error;
pid {work}/pid;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  default_type application/json;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  open_file_cache max=100000;
  open_file_cache_valid 1h;
  client_body_temp_path {work}/client;
  proxy_temp_path {work}/proxy;
  fastcgi_temp_path {work}/fastcgi;
  uwsgi_temp_path {work}/uwsgi;
  scgi_temp_path {work}/scgi;
  map $arg_page $page {{ default 1; ~^[1-9][0-9]*$ $arg_page; }}
  map $arg_page_size $size {{ default {size}; 1 1; }}
  map $size $total {{ default {total}; 1 {events}; }}
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    root {root};
    etag off;
    if_modified_since off;
    # nginx adds these headers only to successful responses.
    add_header X-Pagination-Count {events};
    add_header X-Pagination-Page $page;
    add_header X-Pagination-PageTotal $total;
    add_header X-Pagination-PageSize $size;
    location ~ ^(/v1)?/audit-log/bench/$ {{ {entrance} }}
    location @page {{ try_files /$size/$page.json @none; }}
    location @none {{ return 404 '{{"detail": "Invalid page."}}'; }}
    location / {{ return 404 '{{"detail": "Not found."}}'; }}
  }}
}}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def serving(pages: Pages, latency: float = 0):
    """Serves the pages during the block, with a delay for each response in seconds. Yields the API host."""
    # After SIGTERM, this process still ends the server.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory() as work:
        port = free_port()
        configuration = pathlib.Path(work) / "nginx.conf"
        # If root runs nginx, its workers run as another user, who must be able to read the pages.
        modules = "" if os.getuid() else "user root;\n"
        entrance = "try_files /$size/$page.json @none;"
        if latency:
            modules += f"load_module {ECHO};"
            entrance = f"echo_sleep {latency}; echo_exec @page;"
        configuration.write_text(CONFIGURATION.format(
            modules=modules, entrance=entrance, work=work, port=port, root=pages.folder.resolve(), size=PAGE_SIZE,
            total=pages.total, events=pages.events))
        server = subprocess.Popen(["nginx", "-e", "stderr", "-c", configuration])
        try:
            address = f"http://127.0.0.1:{port}"
            await_answer(f"{address}/audit-log/bench/?page=1&page_size=1")
            yield address
        finally:
            server.terminate()
            server.wait()


def await_answer(url: str):
    for _ in range(100):
        try:
            return urllib.request.urlopen(url).read()
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"error: no response from {url}")
