"""Exports the audit log of one organisation in Airflow: what is new every night, and by hand the days that you name.

Put it into the folder of DAGs. CLOUDSMITH_AUDIT_EXPORT_API_KEY_FILE is set for the workers, who share the folder /srv/audit. It
is for Airflow 2.4 or later; in Airflow 3 BashOperator comes from airflow.providers.standard.operators.bash.

Make the archive by hand first, with --backfill-start-time and without --existing, which keeps the runs below from making another one
where the folder is not mounted.

The nightly run needs no dates of Airflow's: the archive knows what it lacks. A run of `cloudsmith_audit_again` exports its own
day, whether it is there or not, and nothing else; loading then replaces that day in the warehouse:

    airflow dags backfill cloudsmith_audit_again --start-date 2026-02-12 --end-date 2026-02-13
"""

from datetime import datetime, timedelta, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator

EXPORT = "cloudsmith-audit-export export --quiet --organization my-org --archive /srv/audit --existing"
LOAD = "/usr/local/lib/postgresql/load.sh my-org /srv/audit"
START = datetime(2026, 1, 1, tzinfo=timezone.utc)
# Status 3 and 75 mean: run again. The archive has one writer, so one run at a time.
AGAIN = {"retries": 6, "retry_delay": timedelta(minutes=15)}

with DAG(
    "cloudsmith_audit", schedule="17 2 * * *", start_date=START, catchup=False, max_active_runs=1, default_args=AGAIN,
):
    BashOperator(task_id="export", bash_command=EXPORT) >> BashOperator(task_id="load", bash_command=LOAD)

with DAG(
    "cloudsmith_audit_again", schedule="@daily", start_date=START, catchup=False, max_active_runs=1, default_args=AGAIN,
    is_paused_upon_creation=True,
):
    window = " --from '{{ data_interval_start | ts }}' --to '{{ data_interval_end | ts }}'"
    BashOperator(task_id="export", bash_command=EXPORT + window) >> BashOperator(task_id="load", bash_command=LOAD)
