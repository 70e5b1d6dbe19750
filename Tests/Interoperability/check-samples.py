"""Holds the samples to the rules of those who will read them.

    check-samples.py kubernetes|github|airflow|crontab|job
    check-samples.py warehouses EXPORTER
"""

import logging
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import types

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "samples"
SCHEDULING = SAMPLES / "scheduling"


def tool(*words):
    subprocess.run([pathlib.Path(sys.executable).with_name(words[0]), *words[1:]], check=True)


def kubernetes():
    import yaml

    files = [SCHEDULING / f"kubernetes{name}.yaml" for name in ("", "-volume", "-indexed-job")]
    tool("kubernetes-validate", "--strict", *files)
    # As many pods as shards, and a job file that the schema allows.
    parts = {part["kind"]: part for part in yaml.safe_load_all(files[-1].read_text())}
    job = parts["CronJob"]["spec"]["jobTemplate"]["spec"]
    command = job["template"]["spec"]["containers"][0]["args"]
    assert job["completionMode"] == "Indexed" and job["completions"] == job["parallelism"]
    assert command[-2:] == ["--shard", f"/{job['completions']}"], command
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "job.yaml")
        path.write_text(parts["ConfigMap"]["data"]["job.yaml"])
        tool("check-jsonschema", "--schemafile", SAMPLES / "job.schema.json", path)


def github():
    own = sorted((SAMPLES.parent / ".github/workflows").iterdir())
    files = [SCHEDULING / f"github-actions{name}.yml" for name in ("", "-matrix")]
    tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *files, *own)
    text = files[-1].read_text()
    shards = re.search(r"shard: \[(.+)\]", text).group(1).split(", ")
    assert shards == [str(shard) for shard in range(len(shards))] and f'"$SHARD/{len(shards)}"' in text


def job():
    """The sample, as it is and with every line that is commented out, and texts that the schema and the program both refuse."""
    schema, sample = SAMPLES / "job.schema.json", SAMPLES / "job.yaml"
    tool("check-jsonschema", "--check-metaschema", schema)
    text = sample.read_text()
    whole = re.sub(r"(?m)^#(?!api_key_variable)([a-z0-9_]+: )", r"\1", text)
    wrong = (
        "page_sise: 5", "page_size: '5'", "page_size: 501", "lookback: 24", "whole_days: 'yes'", "time_filter: guess",
        "format: [csv, csv]", "max_requests_per_second: fast", "api_key: abc", "archive: ''", "api_key_variable: X\napi_key_file: x",
    )
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "job.yaml")
        path.write_text(whole)
        tool("check-jsonschema", "--schemafile", schema, sample, path)
        for line in wrong:
            path.write_text(line + "\nlogs: [{organization: acme}]\n")
            checked = [pathlib.Path(sys.executable).with_name("check-jsonschema"), "--schemafile", schema, path]
            assert subprocess.run(checked, capture_output=True).returncode == 1, line


def crontab():
    """Settings and jobs, and in a job none of the % that cron takes for a new line."""
    lines = [line for line in (SCHEDULING / "crontab").read_text().splitlines() if line and line[0] != "#"]
    jobs = [line for line in lines if not re.fullmatch(r"[A-Z_]+=\S+", line)]
    assert len(jobs) == 2 and "%" not in "".join(jobs)
    assert re.match(r"17 2 \* \* \*  cloudsmith-audit-export export ", jobs[0])
    assert re.match(r"41 4 \* \* 0  cloudsmith-audit-export verify ", jobs[1])


def airflow():
    """Run with stand-ins for Airflow's own: the arguments of what is made, and what each task leads to."""
    dags, tasks = {}, []

    class DAG:
        def __init__(self, dag_id, **options):
            dags[dag_id] = options

        def __enter__(self):
            self.first = len(tasks)

        def __exit__(self, *_):
            assert [task["task_id"] for task in tasks[self.first:]] == ["export", "load"]

    class BashOperator(dict):
        def __init__(self, **options):
            super().__init__(options)
            tasks.append(self)

        def __rshift__(self, other):
            return other

    modules = {name: types.ModuleType(name) for name in ("airflow", "airflow.operators", "airflow.operators.bash")}
    modules["airflow"].DAG, modules["airflow.operators.bash"].BashOperator = DAG, BashOperator
    sys.modules |= modules
    source = SCHEDULING / "airflow.py"
    exec(compile(source.read_text(), source, "exec"), {})
    assert list(dags) == ["cloudsmith_audit", "cloudsmith_audit_again"]
    for options in dags.values():
        assert options["max_active_runs"] == 1 and not options["catchup"]
    for task in tasks:
        # Airflow takes a command that ends so for the name of a file.
        assert not task["bash_command"].endswith((".sh", ".bash"))
    mapped_airflow()
    assert "data_interval_start | ts" in tasks[2]["bash_command"] and "--from" not in tasks[0]["bash_command"]


def mapped_airflow():
    """Checks the mapped tasks, whose commands are made from a job file, in the same way."""
    import contextlib

    made = {}

    class BashOperator:
        def __init__(self, **options):
            made.update(options)

        @classmethod
        def partial(cls, **options):
            made.update(options)
            return cls

        @classmethod
        def expand(cls, **options):
            made.update(options)

    def DAG(dag_id, **options):
        made.update(options, dag_id=dag_id)
        return contextlib.nullcontext()

    modules = {name: types.ModuleType(name) for name in ("airflow", "airflow.decorators", "airflow.operators.bash")}
    modules["airflow"].DAG, modules["airflow.decorators"].task = DAG, lambda function: function
    modules["airflow.operators.bash"].BashOperator = BashOperator
    sys.modules |= modules
    source = SCHEDULING / "airflow-mapped.py"
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "job.yaml")
        path.write_text("logs:\n  - organization: my-org\n  - organization: my-org/my-repo\n")
        text = source.read_text()
        assert '"/etc/cloudsmith-audit-export/job.yaml"' in text
        exec(compile(text.replace("/etc/cloudsmith-audit-export/job.yaml", str(path)), source, "exec"), {})
    commands = made["bash_command"]
    assert [command.split()[-2:] for command in commands] == [["--organization", "my-org"], ["--organization", "my-org/my-repo"]]
    assert made["max_active_runs"] == 1 and not made["catchup"] and made["default_args"]["retries"]


# Stands in for a warehouse's client: keeps what it is told, and answers that nothing is loaded yet.
CLIENT = """#!/usr/bin/env bash
told="$*"
case "$told" in
  *"max(commit_number)"*)
    case "$0" in */snow|*/bq) echo '[{"N": 0, "n": "0"}]' ;; */clickhouse-client) echo 0 0 1 View uuid String ;; *) echo 0 ;; esac ;;
  *"group by event_date"*) cat "$0.rows" ;;
  *"format CSVWithNames") awk -F, -v OFS='\\t' 'NR > 1 { n[substr($2, 1, 10)]++ } END { for (d in n) print d, n[d] }' | sort >"$0.rows" ;;
  *"format CSV") told="$told $(xargs)" ;;
  "s3 cp "*) cat >/dev/null ;;
  *--stdin|*ON_ERROR_STOP=1|*--use_legacy_sql=false) cat >>"$0.sql" ;;
esac
printf '%s\\n' "$told" >>"$0.told"
"""


def statements(text, dialect, source):
    """What sqlglot makes of it. What it does not know it passes on as a command, with a warning."""
    import sqlglot

    warnings = []
    handler = type("", (logging.Handler,), {"emit": lambda self, line: warnings.append(line.getMessage())})()
    logging.getLogger("sqlglot").addHandler(handler)
    found = [found for found in sqlglot.parse(text, dialect=dialect) if found]
    logging.getLogger("sqlglot").removeHandler(handler)
    print(f"{source}: {len(found)} statements; " + (f"unknown: {warnings}" if warnings else "all known"))
    assert found
    return warnings


def warehouses():
    """What no test runs says so, and is SQL as far as sqlglot knows the dialect."""
    folders = sorted(path for path in (SAMPLES / "warehouses").iterdir() if path.is_dir())
    assert len(folders) == 8
    for folder in folders:
        for path in sorted(folder.iterdir()):
            text = path.read_text()
            if path.suffix == ".sql":
                dialect = {"postgresql": "postgres"}.get(folder.name, folder.name)
                assert not statements(text, dialect, f"{folder.name}/{path.name}")
            if path.suffix == ".py":
                compile(text, path, "exec")
            if path.name != "schema.sql" and folder.name not in ("postgresql", "duckdb", "clickhouse", "spark"):
                assert "Not tested" in text, path
    for name, client in {"snowflake": "snow", "bigquery": "bq", "redshift": "psql", "clickhouse": "clickhouse-client"}.items():
        loader(name, client)


def loader(name, client):
    """The loader's words to a client that stands in, for the sample of an archive: 17 rows in 4 days."""
    with tempfile.TemporaryDirectory() as folder:
        for program in (client, "aws"):
            path = pathlib.Path(folder, program)
            path.write_text(CLIENT)
            path.chmod(0o755)
        pathlib.Path(folder, "cloudsmith-audit-export").symlink_to(sys.argv[2])
        more = [] if name == "clickhouse" else ["s3://my-bucket/audit", "arn:aws:iam::123456789012:role/redshift"]
        answer = subprocess.run(
            [SAMPLES / "warehouses" / name / "load.sh", "acme", SAMPLES / "archive", *more], check=True, text=True,
            stdout=subprocess.PIPE, env=os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"})
        assert re.fullmatch(r"commit 2: 4 days, 17 rows\n", answer.stdout), answer.stdout
        told = pathlib.Path(folder, client + ".told").read_text()
        if name == "clickhouse":
            assert re.search("insert into cloudsmith_audit_days .* format CSV( 2024-02-1.){4}\n", told), told
            assert "insert into cloudsmith_audit_loaded values ('acme', 2," in told, told
            assert told.count("--query") == 5, told
            return
        sql = pathlib.Path(folder, client + ".sql").read_text()
        unknown = statements(sql, name, f"{name}, as its client is told it")
        assert all("'lock table " in line for line in unknown), unknown
        places = [re.search(words, sql, re.M).start() for words in ("^begin", "^delete", r"\('acme', 2,", "^commit")]
        assert places == sorted(places), sql


globals()[sys.argv[1]]()
