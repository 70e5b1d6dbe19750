"""Exports the audit logs of many organizations with Airflow: one mapped task for each log of a job file.

Install it in the DAG folder, and the job file on all workers as /etc/cloudsmith-audit-export/job.yaml. The archive in the job file
should be a bucket: its lease admits one run of a log at a time, whichever worker it is on. Needs Airflow 2.9 or later and PyYAML. In
Airflow 3, import BashOperator from airflow.providers.standard.operators.bash, and DAG and task from airflow.sdk.

Each task shows the name of its log, and is retried and fails on its own. Each task paces its requests independently: if logs share a
key, set max_requests_per_second in the job file to the rate of the key divided by the number of tasks at once, or to auto. For
thousands of logs, one task for each shard costs less: --shard 0/8 in place of --organization.

Create the archives by hand first: cloudsmith-audit-export export --config /etc/cloudsmith-audit-export/job.yaml --no-existing
"""

import shlex
from datetime import datetime, timedelta, timezone

from airflow import DAG
from airflow.decorators import task
from airflow.operators.bash import BashOperator

JOB = "/etc/cloudsmith-audit-export/job.yaml"
EXPORT = f"cloudsmith-audit-export export --quiet --existing --config {JOB} --organization "
START = datetime(2026, 1, 1, tzinfo=timezone.utc)
# Status 3, 11 and 75 mean: run again.
AGAIN = {"retries": 6, "retry_delay": timedelta(minutes=15)}


@task
def commands():
    """The command of each log."""
    import yaml

    with open(JOB) as job:
        return [EXPORT + shlex.quote(log["organization"]) for log in yaml.safe_load(job)["logs"]]


with DAG(
    "cloudsmith_audit_fleet", schedule="17 2 * * *", start_date=START, catchup=False, max_active_runs=1, default_args=AGAIN,
):
    BashOperator.partial(
        task_id="export", max_active_tis_per_dag=16, map_index_template="{{ task.bash_command.split()[-1] }}",
    ).expand(bash_command=commands())
