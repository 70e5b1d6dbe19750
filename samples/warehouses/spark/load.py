#!/usr/bin/env python3
"""Loads an archive into a Spark table. It asks which days changed since the last loaded commit, and replaces them. The first
run loads everything. The tests of this project run it with Spark 4, on one machine.

    spark-sql -f schema.sql                                              once
    spark-submit load.py my-org /srv/audit [file:///srv/audit]           last argument: the archive as the workers see it

You do not need this loader if the archive has the format delta and Spark has Delta Lake (package delta-spark; not tested):

    spark.read.format("delta").load("/srv/audit/parquet")                a folder; or s3a://my-bucket/audit/parquet

A query never sees half of a commit, and needs no copy. The page Query it (QueryIt.md) has the settings. Use this loader where
Spark has no Delta Lake, or to keep a copy that outlives the archive.

This loader needs a folder: copy the archive there first, for example with aws s3 sync --exact-timestamps.

During the load, the files are hard links in a folder load-… of the archive, so that no export deletes them.

A plain Parquet table has no transactions. If the loader is stopped, some days may be new and the number of the commit old;
the next run replaces the same days again. Run one loader at a time.
"""

import json
import os
import subprocess
import sys
import tempfile

from pyspark.sql import SparkSession, functions

TABLE, LOADED = "cloudsmith_audit_log", "cloudsmith_audit_loaded"
# Without multiLine, quote and escape, rows would be cut. Without emptyValue and nullValue, "" would become NULL.
READER = {
    "header": True, "enforceSchema": False, "multiLine": True, "quote": '"', "escape": '"', "emptyValue": "",
    "nullValue": "\uffff never \uffff", "mode": "FAILFAST"}


def main(organization, archive, seen=None):
    with tempfile.TemporaryDirectory(prefix="load-", dir=archive) as work:
        return load(organization, archive, f"{work}/files", f"{seen or archive}/{os.path.basename(work)}/files")


def load(organization, archive, files, seen):
    spark = SparkSession.builder.enableHiveSupport().getOrCreate()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    spark.conf.set("spark.sql.sources.partitionOverwriteMode", "dynamic")
    own = functions.col("organization") == organization
    since = spark.table(LOADED).where(own).agg(functions.max("commit_number")).first()[0] or 0
    changes = json.loads(subprocess.run(
        ["cloudsmith-audit-export", "changes", "-o", organization, "--archive", archive, "--since", str(since),
         "--format", "csv", "--link-to", files, "--as", "json"], check=True, stdout=subprocess.PIPE).stdout)
    if changes["commit"] == since:
        return f"commit {since}: nothing to load"

    schema = spark.table(TABLE).drop("organization", "event_date").schema
    paths = [f"{seen}/{file['path']}" for day in changes["days"] for file in day["files"]]
    if paths:
        rows = spark.read.schema(schema).options(**READER).csv(paths).cache()
        expected = sum(day["rows"] for day in changes["days"])
        if rows.count() != expected:
            sys.exit(f"error: the number of rows read is not {expected}; nothing was loaded.")
        (rows.withColumn("organization", functions.lit(organization))
            .withColumn("event_date", functions.to_date("event_at"))
            .write.mode("overwrite").insertInto(TABLE))
    for day in changes["days"]:
        if not day["rows"]:
            spark.sql(
                f"ALTER TABLE {TABLE} DROP IF EXISTS "
                f"PARTITION (organization = '{organization}', event_date = '{day['event_date']}')")
    # The table is append-only: the highest number counts.
    spark.sql(f"INSERT INTO {LOADED} VALUES ('{organization}', {changes['commit']}, now())")
    return f"commit {changes['commit']}: {len(changes['days'])} days, {sum(day['rows'] for day in changes['days'])} rows"


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    print(main(*sys.argv[1:]))
