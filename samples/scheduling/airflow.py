"""Exports the audit log of one organization with Airflow: new events every night, and single days on request.

Install it in the DAG folder. Set CLOUDSMITH_AUDIT_EXPORT_API_KEY_FILE for the workers. All workers must share the folder
/srv/audit. Needs Airflow 2.4 or later. In Airflow 3, import BashOperator from airflow.providers.standard.operators.bash.

Create the archive by hand first, with --backfill-start-time and without --existing. The runs below use --existing, so that they
do not create a second archive if the folder is not mounted.

The nightly run needs no dates from Airflow, because the archive knows what is missing. A run of `cloudsmith_audit_again` exports
only its own day again. Loading then replaces that day in the warehouse:

    airflow dags backfill cloudsmith_audit_again --start-date 2026-02-12 --end-date 2026-02-13
"""

from datetime import datetime, timedelta, timezone

from airflow import DAG
from airflow.operators.bash import BashOperator

EXPORT = "cloudsmith-audit-export export --quiet --organization my-org --archive /srv/audit --existing"
LOAD = "/usr/local/lib/postgresql/load.sh my-org /srv/audit"
START = datetime(2026, 1, 1, tzinfo=timezone.utc)
# Status 3 and 75 mean: run again. An archive allows one writer, so there is one run at a time.
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
