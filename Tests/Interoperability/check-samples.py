"""Holds the samples to the rules of those who will read them: check-samples.py kubernetes|github|airflow|crontab|warehouses"""

import logging
import pathlib
import re
import subprocess
import sys
import types

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "samples"
SCHEDULING = SAMPLES / "scheduling"


def tool(*words):
    subprocess.run([pathlib.Path(sys.executable).with_name(words[0]), *words[1:]], check=True)


def kubernetes():
    tool("kubernetes-validate", "--strict", SCHEDULING / "kubernetes.yaml")


def github():
    tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", SCHEDULING / "github-actions.yml")


def crontab():
    """Settings and jobs, and in a job none of the % that cron takes for a new line."""
    lines = [line for line in (SCHEDULING / "crontab").read_text().splitlines() if line and line[0] != "#"]
    jobs = [line for line in lines if not re.fullmatch(r"[A-Z_]+=\S+", line)]
    assert len(jobs) == 1 and re.match(r"17 2 \* \* \*  cloudsmith-audit-export export ", jobs[0]) and "%" not in jobs[0]


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
    assert "data_interval_start | ts" in tasks[2]["bash_command"] and "--from" not in tasks[0]["bash_command"]


def warehouses():
    """What no test runs says so, and is SQL as far as sqlglot knows the dialect."""
    import sqlglot

    # A statement that sqlglot does not know it passes on with a warning.
    warnings = []
    logging.getLogger("sqlglot").addHandler(type("", (logging.Handler,), {
        "emit": lambda self, line: warnings.append(line.getMessage())})())
    folders = sorted(path for path in (SAMPLES / "warehouses").iterdir() if path.is_dir())
    assert len(folders) == 8
    for folder in folders:
        for path in sorted(folder.iterdir()):
            text = path.read_text()
            if path.suffix == ".sql":
                dialect = {"postgresql": "postgres"}.get(folder.name, folder.name)
                statements = [found for found in sqlglot.parse(text, dialect=dialect) if found]
                assert statements and not warnings, f"{path}: {warnings}"
                print(f"{folder.name}/{path.name}: {len(statements)} statements")
            if path.suffix == ".sh":
                subprocess.run(["bash", "-n", path], check=True)
            if path.suffix == ".py":
                compile(text, path, "exec")
            if path.stem == "load" and folder.name not in ("postgresql", "duckdb"):
                assert "Not run" in text, path


globals()[sys.argv[1]]()
