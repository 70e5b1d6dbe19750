"""Runs a statement in DuckDB: query-duckdb.py SQL"""

import sys

import duckdb

print(duckdb.sql(sys.argv[1]))
