"""Runs a statement in DuckDB: query-duckdb.py SQL

The extension delta is loaded from the Python package duckdb_extension_delta if the statement needs it.
"""

import sys

import duckdb

import read_table

if "delta_scan" in sys.argv[1]:
    read_table.load_extension(duckdb.default_connection(), "delta")
print(duckdb.sql(sys.argv[1]))
